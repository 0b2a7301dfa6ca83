// Package sdkgo runs the AWS SDK for Go against a server.
//
// POSTRIDER_ENDPOINT names a running server in open mode, where an access key id of 12 digits is the account:
// every test takes an account of its own and so never sees the queues of another. This file holds what the
// tests ask and expect in the same words.
package sdkgo

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	endpoint = os.Getenv("POSTRIDER_ENDPOINT")
	made     atomic.Int64
)

func TestMain(m *testing.M) {
	if endpoint == "" {
		fmt.Fprintln(os.Stderr, "POSTRIDER_ENDPOINT is not set")
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// client is a client as a program on AWS has it, but for the endpoint; errors come at once, not after retries.
func client(account, region string) *sqs.Client {
	return sqs.New(sqs.Options{
		BaseEndpoint:     aws.String(endpoint),
		Region:           region,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "any"}, nil
		}),
	})
}

// place is an account that no other test uses, with a client of it and a name for a queue.
type place struct {
	*testing.T
	*sqs.Client
	account string
	name    string
}

func newPlace(t *testing.T) place {
	t.Helper()
	t.Parallel()
	n := made.Add(1)
	account := fmt.Sprintf("41%010d", n)
	return place{t, client(account, "us-east-1"), account, fmt.Sprintf("go-%d", n)}
}

// attributes are those of a queue.
type attributes = map[string]string

func (p place) create(name string, given attributes) *string {
	p.Helper()
	out, err := p.CreateQueue(p.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: given})
	p.must(err)
	return out.QueueUrl
}

// queue is a place with one queue.
func newQueue(t *testing.T, given attributes) (place, *string) {
	t.Helper()
	p := newPlace(t)
	return p, p.create(p.name, given)
}

var byContent = attributes{"ContentBasedDeduplication": "true"}

// newFifo is a place with one FIFO queue.
func newFifo(t *testing.T, given attributes) (place, *string) {
	t.Helper()
	p := newPlace(t)
	all := attributes{"FifoQueue": "true"}
	for name, value := range given {
		all[name] = value
	}
	return p, p.create(p.name+".fifo", all)
}

func (p place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// equal demands that two values are the same in depth.
func equal(t testing.TB, seen, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(seen, wanted) {
		t.Fatalf("\nseen   %v\nwanted %v", seen, wanted)
	}
}

// refused demands an error of this code, status and text. A text that ends in … is a beginning.
func refused(t testing.TB, err error, code string, status int, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("%s was expected: %v", code, err)
	}
	if api.ErrorCode() != code || api.ErrorFault() != smithy.FaultClient {
		t.Fatalf("%s was expected: %v (%v)", code, err, api.ErrorFault())
	}
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Fatalf("HTTP status %d was expected: %v", status, err)
	}
	beginning, open := strings.CutSuffix(message, "…")
	if api.ErrorMessage() != message && !(open && strings.HasPrefix(api.ErrorMessage(), beginning)) {
		t.Fatalf("\nseen   %s\nwanted %s", api.ErrorMessage(), message)
	}
}

// typed demands that an error is of a class of the SDK.
func typed[E error](t testing.TB, err error) {
	t.Helper()
	var wanted E
	if !errors.As(err, &wanted) {
		t.Fatalf("%T was expected: %v", wanted, err)
	}
}

// long is how the Query protocol calls some errors.
func long(name string) string { return "AWS.SimpleQueueService." + name }

func (p place) attributesOf(queue *string, names ...types.QueueAttributeName) attributes {
	p.Helper()
	out, err := p.GetQueueAttributes(p.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: names})
	p.must(err)
	return out.Attributes
}

func (p place) arnOf(queue *string) *string {
	p.Helper()
	return aws.String(p.attributesOf(queue, types.QueueAttributeNameQueueArn)["QueueArn"])
}

// counts are visible, in flight, delayed.
func (p place) counts(queue *string) [3]int {
	p.Helper()
	seen := p.attributesOf(queue, types.QueueAttributeNameAll)
	var counts [3]int
	for at, end := range []string{"", "NotVisible", "Delayed"} {
		n, err := strconv.Atoi(seen["ApproximateNumberOfMessages"+end])
		p.must(err)
		counts[at] = n
	}
	return counts
}

// ask is a receive: at most how many, waiting and then hiding for how many seconds. What is 0 this SDK does not
// send, and the queue's own value holds.
type ask struct{ most, wait, hide int32 }

func (a ask) of(queue *string) *sqs.ReceiveMessageInput {
	return &sqs.ReceiveMessageInput{
		QueueUrl:                    queue,
		MaxNumberOfMessages:         a.most,
		WaitTimeSeconds:             a.wait,
		VisibilityTimeout:           a.hide,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	}
}

func (p place) receive(queue *string, a ask) []types.Message {
	p.Helper()
	out, err := p.ReceiveMessage(p.Context(), a.of(queue))
	p.must(err)
	return out.Messages
}

// received is what a receive came back with.
type received struct {
	messages []types.Message
	err      error
}

// waiting begins a receive and comes back when it is on its way to the server.
func (p place) waiting(ctx context.Context, queue *string, a ask) <-chan received {
	p.Helper()
	written := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(written) }}
	found := make(chan received, 1)
	go func() {
		out, err := p.ReceiveMessage(httptrace.WithClientTrace(ctx, trace), a.of(queue))
		if err != nil {
			found <- received{nil, err}
			return
		}
		found <- received{out.Messages, nil}
	}()
	p.within("the receive is sent", written)
	return found
}

// within waits until a channel is closed.
func (p place) within(what string, closed <-chan struct{}) {
	p.Helper()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		p.Fatalf("not within 10 s: %s", what)
	}
}

// receiveN receives until there are n messages; a long poll that comes back empty is the bound.
func (p place) receiveN(queue *string, n int, hide int32) []types.Message {
	p.Helper()
	var messages []types.Message
	for len(messages) < n {
		some := p.receive(queue, ask{most: 10, wait: 5, hide: hide})
		if len(some) == 0 {
			p.Fatalf("%d of %d messages came", len(messages), n)
		}
		messages = append(messages, some...)
	}
	equal(p, len(messages), n)
	return messages
}

func (p place) send(queue *string, body string) *sqs.SendMessageOutput {
	p.Helper()
	out, err := p.SendMessage(p.Context(), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body})
	p.must(err)
	return out
}

// sendAll sends bodies in batches of ten, in order; an empty group is none.
func (p place) sendAll(queue *string, group string, bodies []string) []types.SendMessageBatchResultEntry {
	p.Helper()
	var sent []types.SendMessageBatchResultEntry
	for some := range slices.Chunk(bodies, 10) {
		var entries []types.SendMessageBatchRequestEntry
		for at, body := range some {
			entry := types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprintf("n%d", at)), MessageBody: &body}
			if group != "" {
				entry.MessageGroupId = &group
			}
			entries = append(entries, entry)
		}
		out, err := p.SendMessageBatch(p.Context(), &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries})
		p.must(err)
		equal(p, len(out.Failed), 0)
		sent = append(sent, out.Successful...)
	}
	return sent
}

func (p place) delete(queue *string, messages ...types.Message) {
	p.Helper()
	for _, message := range messages {
		_, err := p.DeleteMessage(p.Context(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle})
		p.must(err)
	}
}

func (p place) change(queue *string, message types.Message, seconds int32) {
	p.Helper()
	_, err := p.ChangeMessageVisibility(p.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: queue, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: seconds,
	})
	p.must(err)
}

func bodies(messages []types.Message) []string {
	found := []string{}
	for _, message := range messages {
		found = append(found, *message.Body)
	}
	return found
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// numbered is the prefix with 000, 001 and so on.
func numbered(prefix string, n int) []string {
	var list []string
	for at := range n {
		list = append(list, fmt.Sprintf("%s%03d", prefix, at))
	}
	return list
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

// eventually waits until probe holds.
func (p place) eventually(what string, probe func() bool) {
	p.Helper()
	for end := time.Now().Add(10 * time.Second); !probe(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("not within 10 s: %s", what)
		}
	}
}

func (p place) drained(queue *string) {
	p.Helper()
	p.eventually("an empty queue", func() bool { return p.counts(queue) == [3]int{} })
}

// pair is a queue and its dead-letter queue.
type pair struct{ source, dead, sourceArn, deadArn *string }

func redrivePolicy(deadArn *string, most any) attributes {
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":%v}`, *deadArn, most)
	return attributes{"RedrivePolicy": policy}
}

// newPair makes a queue whose messages move after most receives.
func (p place) newPair(most any, given attributes) pair {
	p.Helper()
	end := ""
	if given["FifoQueue"] != "" {
		end = ".fifo"
	}
	dead := p.create(p.name+"-dead"+end, given)
	deadArn := p.arnOf(dead)
	all := redrivePolicy(deadArn, most)
	for name, value := range given {
		all[name] = value
	}
	source := p.create(p.name+end, all)
	return pair{source, dead, p.arnOf(source), deadArn}
}

// spend receives from the source, giving everything back at once, until n messages lie in the dead-letter queue.
func (p place) spend(source, dead *string, n int) {
	p.Helper()
	p.eventually(fmt.Sprintf("%d messages in the dead-letter queue", n), func() bool {
		for _, message := range p.receive(source, ask{most: 10}) {
			p.change(source, message, 0)
		}
		return p.counts(dead)[0] == n
	})
}
