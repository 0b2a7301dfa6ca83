package sdkgo

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// post sends to a group; an empty id is none.
func (p place) post(queue *string, body, group, id string) *sqs.SendMessageOutput {
	p.Helper()
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body, MessageGroupId: &group}
	if id != "" {
		in.MessageDeduplicationId = &id
	}
	out, err := p.SendMessage(p.Context(), in)
	p.must(err)
	return out
}

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func TestFifoAttributes(t *testing.T) {
	p, queue := newFifo(t, nil)
	names := []types.QueueAttributeName{
		"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
	}
	equal(t, p.attributesOf(queue, names...), attributes{
		"FifoQueue": "true", "ContentBasedDeduplication": "false",
		"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue",
	})
	high := attributes{"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
	p.must(p.set(queue, high))
	equal(t, p.attributesOf(queue, names[2:]...), high)
	refused(t, creating(p, "plain.fifo"), invalid, 400,
		"Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
}

func TestFifoOrderAndSequenceNumbers(t *testing.T) {
	p, queue := newFifo(t, byContent)
	wanted := numbered("m", 25)
	numbers := []string{}
	for _, entry := range p.sendAll(queue, "g", wanted) {
		equal(t, len(*entry.SequenceNumber), 20)
		numbers = append(numbers, *entry.SequenceNumber)
	}
	equal(t, slices.IsSorted(numbers), true)
	equal(t, len(slices.Compact(slices.Clone(numbers))), 25)
	var seen, seenNumbers []string
	for len(seen) < 25 {
		some := p.receive(queue, ask{most: 10, wait: 5})
		if len(some) == 0 {
			t.Fatalf("%d of 25 messages came", len(seen))
		}
		for _, message := range some {
			seen = append(seen, *message.Body)
			seenNumbers = append(seenNumbers, message.Attributes["SequenceNumber"])
			equal(t, message.Attributes["MessageGroupId"], "g")
			equal(t, message.Attributes["MessageDeduplicationId"], hash(*message.Body))
		}
		equal(t, len(p.deleteBatch(queue, some).Failed), 0)
	}
	equal(t, seen, wanted)
	equal(t, seenNumbers, numbers)
}

func TestFifoGroupIsHeldBack(t *testing.T) {
	p, queue := newFifo(t, byContent)
	p.sendAll(queue, "a", []string{"a1", "a2"})
	p.sendAll(queue, "b", []string{"b1"})
	first := p.receive(queue, ask{most: 1})
	equal(t, bodies(first), []string{"a1"})
	equal(t, bodies(p.receive(queue, ask{most: 10})), []string{"b1"})
	equal(t, len(p.receive(queue, ask{most: 10})), 0)
	found := p.waiting(t.Context(), queue, ask{most: 10, wait: 10})
	p.delete(queue, first...)
	second := <-found
	p.must(second.err)
	equal(t, bodies(second.messages), []string{"a2"})
}

func TestFifoOrderWhenVisibilityEnds(t *testing.T) {
	p, queue := newFifo(t, byContent)
	p.sendAll(queue, "g", []string{"foo", "bar", "baz"})
	messages := p.receiveN(queue, 3, 1)
	p.change(queue, messages[1], 30)
	// foo is visible again, and what is behind the hidden bar waits.
	equal(t, bodies(p.receiveN(queue, 1, 1)), []string{"foo"})
	p.change(queue, messages[1], 0)
	p.eventually("the whole group again", func() bool {
		some := p.receive(queue, ask{most: 10, wait: 1, hide: 1})
		return slices.Equal(bodies(some), []string{"foo", "bar", "baz"})
	})
}

func TestFifoDeduplication(t *testing.T) {
	p, queue := newFifo(t, nil)
	first := p.post(queue, "one", "a", "once")
	again := p.post(queue, "two", "b", "once")
	equal(t, []string{*again.MessageId, *again.SequenceNumber}, []string{*first.MessageId, *first.SequenceNumber})
	p.delete(queue, p.receiveN(queue, 1, 0)...)
	equal(t, *p.post(queue, "three", "a", "once").MessageId, *first.MessageId)
	equal(t, p.counts(queue), [3]int{})
	equal(t, *p.post(queue, "one", "a", "twice").MessageId != *first.MessageId, true)
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x"), MessageGroupId: aws.String("a")}
	_, err := p.SendMessage(t.Context(), in)
	refused(t, err, invalid, 400, "The queue should either have ContentBasedDeduplication enabled or "+
		"MessageDeduplicationId provided explicitly")
}

func TestFifoDeduplicationByContent(t *testing.T) {
	p, queue := newFifo(t, byContent)
	first := p.post(queue, "same", "a", "")
	equal(t, *p.post(queue, "same", "a", "").MessageId, *first.MessageId)
	equal(t, *p.post(queue, "other", "a", hash("same")).MessageId, *first.MessageId)
	equal(t, *p.post(queue, "same", "a", "own").MessageId != *first.MessageId, true)
	_, err := p.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: queue})
	p.must(err)
	equal(t, *p.post(queue, "same", "a", "").MessageId != *first.MessageId, true)
	equal(t, p.counts(queue), [3]int{1, 0, 0})
}

func TestFifoDeduplicationInAGroup(t *testing.T) {
	p, queue := newFifo(t, attributes{"DeduplicationScope": "messageGroup"})
	first := p.post(queue, "1", "a", "d")
	equal(t, *p.post(queue, "2", "b", "d").MessageId != *first.MessageId, true)
	equal(t, *p.post(queue, "3", "a", "d").MessageId, *first.MessageId)
	equal(t, sorted(bodies(p.receiveN(queue, 2, 0))), []string{"1", "2"})
}

func TestFifoWhatASendLacksOrMustNotHave(t *testing.T) {
	p, queue := newFifo(t, byContent)
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x")}
	_, err := p.SendMessage(t.Context(), in)
	refused(t, err, "MissingParameter", 400, "The request must contain the parameter MessageGroupId.")
	in.MessageGroupId, in.DelaySeconds = aws.String("g"), 1
	_, err = p.SendMessage(t.Context(), in)
	refused(t, err, invalid, 400, "Value 1 for parameter DelaySeconds is invalid. Reason: The request include…")
	in.MessageGroupId, in.DelaySeconds = aws.String("no space"), 0
	_, err = p.SendMessage(t.Context(), in)
	refused(t, err, invalid, 400, "Value no space for parameter MessageGroupId is invalid. Reason: MessageGroupId can "+
		"only include alphanumeric and punctuation characters. 1 to 128 in length.")
	_, err = p.sendBatch(queue, entries("x"))
	refused(t, err, invalid, 400, "…")
	equal(t, p.counts(queue), [3]int{})
}

func TestFifoExpiredHandle(t *testing.T) {
	p, queue := newFifo(t, byContent)
	p.sendAll(queue, "a", []string{"late"})
	message := p.receiveN(queue, 1, 1)[0]
	p.eventually("a visible message", func() bool { return p.counts(queue) == [3]int{1, 0, 0} })
	in := &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle}
	_, err := p.DeleteMessage(t.Context(), in)
	refused(t, err, invalid, 400, "Value "+*message.ReceiptHandle+
		" for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
	equal(t, bodies(p.receiveN(queue, 1, 0)), []string{"late"})
}

func TestFifoReceiveTriedAgain(t *testing.T) {
	p, queue := newFifo(t, byContent)
	p.sendAll(queue, "a", numbered("", 3))
	attempt := func(id string) []string {
		in := &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 2, ReceiveRequestAttemptId: &id}
		out, err := p.ReceiveMessage(t.Context(), in)
		p.must(err)
		handles := []string{}
		for _, message := range out.Messages {
			handles = append(handles, *message.ReceiptHandle)
		}
		return handles
	}
	first := attempt("try-1")
	equal(t, len(first), 2)
	equal(t, attempt("try-1"), first)
	equal(t, attempt("try-2"), []string{})
}
