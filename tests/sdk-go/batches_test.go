package sdkgo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func entries(list ...string) []types.SendMessageBatchRequestEntry {
	var made []types.SendMessageBatchRequestEntry
	for at, body := range list {
		id := fmt.Sprintf("id-%03d", at)
		made = append(made, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body})
	}
	return made
}

func (p place) sendBatch(
	queue *string, given []types.SendMessageBatchRequestEntry,
) (*sqs.SendMessageBatchOutput, error) {
	return p.SendMessageBatch(p.Context(), &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: given})
}

func (p place) deleteBatch(queue *string, messages []types.Message) *sqs.DeleteMessageBatchOutput {
	p.Helper()
	var given []types.DeleteMessageBatchRequestEntry
	for _, message := range messages {
		entry := types.DeleteMessageBatchRequestEntry{Id: message.MessageId, ReceiptHandle: message.ReceiptHandle}
		given = append(given, entry)
	}
	out, err := p.DeleteMessageBatch(p.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: given})
	p.must(err)
	return out
}

func TestBatchEntriesFailAlone(t *testing.T) {
	p, queue := newQueue(t, attributes{"MaximumMessageSize": "1024"})
	out, err := p.sendBatch(queue, entries(strings.Repeat("x", 1025), "a\x00b", "good"))
	p.must(err)
	equal(t, []int{len(out.Successful), len(out.Failed)}, []int{1, 2})
	equal(t, *out.Successful[0].Id, "id-002")
	for _, failed := range out.Failed {
		equal(t, failed.SenderFault, true)
		switch *failed.Id {
		case "id-000":
			equal(t, *failed.Code, "InvalidParameterValue")
			equal(t, *failed.Message,
				"One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.")
		case "id-001":
			equal(t, *failed.Code, "InvalidMessageContents")
		default:
			t.Fatal(*failed.Id)
		}
	}
	equal(t, bodies(p.receiveN(queue, 1, 0)), []string{"good"})
}

func TestBatchRefusedAsAWhole(t *testing.T) {
	p, queue := newQueue(t, nil)
	half := strings.Repeat("x", 1<<19)
	bad := entries("x")
	bad[0].Id = aws.String("not ok")
	cases := []struct {
		name    string
		given   []types.SendMessageBatchRequestEntry
		class   func(testing.TB, error)
		message string
	}{
		{"EmptyBatchRequest", []types.SendMessageBatchRequestEntry{}, typed[*types.EmptyBatchRequest],
			"There should be at least one SendMessageBatchRequestEntry in the request."},
		{"TooManyEntriesInBatchRequest", entries(numbered("", 11)...), typed[*types.TooManyEntriesInBatchRequest],
			"Maximum number of entries per request are 10. You have sent 11."},
		{"BatchEntryIdsNotDistinct", append(entries("a"), entries("b")...), typed[*types.BatchEntryIdsNotDistinct],
			"Id id-000 repeated."},
		{"InvalidBatchEntryId", bad, typed[*types.InvalidBatchEntryId],
			"A batch entry id can only contain alphanumeric characters, hyphens and underscores. " +
				"It can be at most 80 letters long."},
		{"BatchRequestTooLong", entries(half, half, half), typed[*types.BatchRequestTooLong],
			"Batch requests cannot be longer than 1048576 bytes. You have sent 1572864 bytes."},
	}
	for _, c := range cases {
		_, err := p.sendBatch(queue, c.given)
		c.class(t, err)
		refused(t, err, long(c.name), 400, c.message)
	}
	equal(t, p.counts(queue), [3]int{})
}

func TestBatchNamesHandlesThatAreNone(t *testing.T) {
	p, queue := newQueue(t, nil)
	p.sendAll(queue, "", numbered("", 2))
	messages := p.receiveN(queue, 2, 0)
	bad := types.Message{MessageId: aws.String("bad"), ReceiptHandle: aws.String("garbage")}
	out := p.deleteBatch(queue, append(messages, bad))
	equal(t, []int{len(out.Successful), len(out.Failed)}, []int{2, 1})
	failed := out.Failed[0]
	equal(t, []string{*failed.Id, *failed.Code}, []string{"bad", "ReceiptHandleIsInvalid"})
	equal(t, failed.SenderFault, true)
	equal(t, p.counts(queue), [3]int{})
}
