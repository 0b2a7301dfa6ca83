package sdkgo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// consumers runs n loops that receive, handle and delete until sending has ended and the queue is drained: who
// goes away earlier could take a message along.
func (p place) consumers(queue *string, n int, handle func(types.Message), sending func()) {
	p.Helper()
	running, stop := context.WithCancel(p.Context())
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			in := &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 20}
			for running.Err() == nil {
				out, err := p.ReceiveMessage(running, in)
				if err != nil {
					if running.Err() == nil {
						p.Error(err)
					}
					return
				}
				for _, message := range out.Messages {
					handle(message)
				}
				if len(out.Messages) > 0 && len(p.deleteBatch(queue, out.Messages).Failed) > 0 {
					p.Error("a message that was just received cannot be deleted")
				}
			}
		})
	}
	sending()
	p.drained(queue)
	stop()
	group.Wait()
}

func TestConsumersLoseNothing(t *testing.T) {
	p, queue := newQueue(t, nil)
	var lock sync.Mutex
	seen := map[string]int{}
	collect := func(message types.Message) {
		lock.Lock()
		defer lock.Unlock()
		seen[*message.Body]++
	}
	p.consumers(queue, 8, collect, func() {
		var senders sync.WaitGroup
		for sender := range 4 {
			senders.Go(func() { p.sendAll(queue, "", numbered(fmt.Sprintf("s%d-", sender), 250)) })
		}
		senders.Wait()
	})
	equal(t, len(seen), 1000)
	for body, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", body, times)
		}
	}
}

func TestConsumersOfAFifoQueueKeepEachGroupInOrder(t *testing.T) {
	p, queue := newFifo(t, byContent)
	var lock sync.Mutex
	seen := map[string][]string{}
	collect := func(message types.Message) {
		lock.Lock()
		defer lock.Unlock()
		group, _, _ := strings.Cut(*message.Body, "-")
		seen[group] = append(seen[group], *message.Body)
	}
	p.consumers(queue, 6, collect, func() {
		var senders sync.WaitGroup
		for group := range 5 {
			name := fmt.Sprintf("g%d", group)
			senders.Go(func() { p.sendAll(queue, name, numbered(name+"-", 60)) })
		}
		senders.Wait()
	})
	equal(t, len(seen), 5)
	for group, list := range seen {
		equal(t, list, numbered(group+"-", 60))
	}
}

func TestConsumersThatFailGetTheirMessagesAgain(t *testing.T) {
	p, queue := newQueue(t, nil)
	p.sendAll(queue, "", numbered("", 30))
	// Who received these has died: nothing is deleted, and all of it comes again.
	p.receiveN(queue, 30, 2)
	var lock sync.Mutex
	var seen []string
	p.consumers(queue, 3, func(message types.Message) {
		lock.Lock()
		defer lock.Unlock()
		seen = append(seen, *message.Body)
	}, func() {})
	equal(t, sorted(seen), numbered("", 30))
}
