package sdkgo

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sending is a send with one thing wrong.
func sending(spoil func(in *sqs.SendMessageInput)) func(place, *string) error {
	return func(p place, queue *string) error {
		in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x")}
		spoil(in)
		_, err := p.SendMessage(p.Context(), in)
		return err
	}
}

// withAttribute is a send with an attribute `a`.
func withAttribute(value types.MessageAttributeValue) func(place, *string) error {
	return sending(func(in *sqs.SendMessageInput) {
		in.MessageAttributes = map[string]types.MessageAttributeValue{"a": value}
	})
}

func receiving(spoil func(in *sqs.ReceiveMessageInput)) func(place, *string) error {
	return func(p place, queue *string) error {
		in := &sqs.ReceiveMessageInput{QueueUrl: queue}
		spoil(in)
		_, err := p.ReceiveMessage(p.Context(), in)
		return err
	}
}

func purging(p place, queue *string) error {
	_, err := p.PurgeQueue(p.Context(), &sqs.PurgeQueueInput{QueueUrl: queue})
	return err
}

func deleting(p place, queue *string) error {
	_, err := p.DeleteQueue(p.Context(), &sqs.DeleteQueueInput{QueueUrl: queue})
	return err
}

func creating(p place, name string) error {
	_, err := p.CreateQueue(p.Context(), &sqs.CreateQueueInput{QueueName: &name})
	return err
}

// untyped is for errors of which the SDK has no class.
func untyped(testing.TB, error) {}

const invalid = "InvalidParameterValue"

// refusals is what is done to a queue of its own, and the error as this SDK shows it.
var refusals = []struct {
	what    string
	call    func(place, *string) error
	class   func(testing.TB, error)
	code    string
	status  int
	message string
}{
	{"a queue that is not there", sending(func(in *sqs.SendMessageInput) {
		in.QueueUrl = aws.String(*in.QueueUrl + "-not")
	}), typed[*types.QueueDoesNotExist], long("NonExistentQueue"), 400, "The specified queue does not exist."},
	{"a queue name with a dot", func(p place, _ *string) error { return creating(p, "a.b") }, untyped, invalid, 400,
		"Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
	{"too many messages asked for", receiving(func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 11 }),
		untyped, invalid, 400,
		"Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
	{"too long a wait", receiving(func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 21 }), untyped, invalid, 400,
		"Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
	{"too long a visibility", receiving(func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 43201 }),
		untyped, invalid, 400, "Value 43201 for parameter VisibilityTimeout is invalid.…"},
	{"too long a delay", sending(func(in *sqs.SendMessageInput) { in.DelaySeconds = 901 }), untyped, invalid, 400,
		"Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."},
	{"an empty body", sending(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("") }), untyped,
		"MissingParameter", 400, "The request must contain the parameter MessageBody."},
	{"a body with a forbidden character", sending(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("a\x08") }),
		typed[*types.InvalidMessageContents], "InvalidMessageContents", 400, "Invalid characters found.…"},
	{"a body that is too large", sending(func(in *sqs.SendMessageInput) {
		in.MessageBody = aws.String(strings.Repeat("x", 1<<20+1))
	}), untyped, invalid, 400,
		"One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."},
	{"a deduplication id on a standard queue", sending(func(in *sqs.SendMessageInput) {
		in.MessageDeduplicationId = aws.String("d")
	}), untyped, invalid, 400, "Value d for parameter MessageDeduplicationId is invalid. Reason: …"},
	{"an attribute without a value", withAttribute(text("")), untyped, invalid, 400,
		"Message (user) attribute 'a' must contain a non-empty value of type 'String'."},
	{"a number that is none", withAttribute(types.MessageAttributeValue{
		DataType: aws.String("Number"), StringValue: aws.String("x"),
	}), untyped, invalid, 400, "Can't cast the value of message (user) attribute 'a' to a number."},
	{"an attribute that is a list", withAttribute(types.MessageAttributeValue{
		DataType: aws.String("String"), StringListValues: []string{"a"},
	}), typed[*types.UnsupportedOperation], long("UnsupportedOperation"), 400,
		"Message attribute list values in SendMessage operation are not supported."},
	{"a handle that is none", func(p place, queue *string) error {
		in := &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: aws.String("garbage")}
		_, err := p.DeleteMessage(p.Context(), in)
		return err
	}, typed[*types.ReceiptHandleIsInvalid], "ReceiptHandleIsInvalid", 404,
		`The input receipt handle "garbage" is not a valid receipt handle.`},
	{"a visibility change of a message that is gone", func(p place, queue *string) error {
		p.send(queue, "x")
		message := p.receiveN(queue, 1, 0)[0]
		p.delete(queue, message)
		in := &sqs.ChangeMessageVisibilityInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle}
		_, err := p.ChangeMessageVisibility(p.Context(), in)
		return err
	}, untyped, invalid, 400, "Value …"},
	{"an unknown attribute of a queue", func(p place, queue *string) error {
		in := &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{"Nope"}}
		_, err := p.GetQueueAttributes(p.Context(), in)
		return err
	}, typed[*types.InvalidAttributeName], "InvalidAttributeName", 400, "Unknown Attribute Nope."},
	{"a second purge", func(p place, queue *string) error {
		p.must(purging(p, queue))
		return purging(p, queue)
	}, typed[*types.PurgeQueueInProgress], long("PurgeQueueInProgress"), 403, "Only one PurgeQueue operation on go-…"},
	{"a second deletion", func(p place, queue *string) error {
		p.must(deleting(p, queue))
		return deleting(p, queue)
	}, typed[*types.QueueDoesNotExist], long("NonExistentQueue"), 400, "The specified queue does not exist."},
	{"a name again after its deletion", func(p place, queue *string) error {
		p.must(deleting(p, queue))
		return creating(p, p.name)
	}, typed[*types.QueueDeletedRecently], long("QueueDeletedRecently"), 400,
		"You must wait 60 seconds after deleting a queue before you can create another with the same name."},
	{"a move from a queue that is not there", func(p place, queue *string) error {
		arn := *p.arnOf(queue) + "-not"
		_, err := p.StartMessageMoveTask(p.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: &arn})
		return err
	}, typed[*types.ResourceNotFoundException], "ResourceNotFoundException", 404,
		"The resource that you specified for the SourceArn parameter doesn't exist."},
	{"a move from a queue that is none's dead-letter queue", func(p place, queue *string) error {
		_, err := p.StartMessageMoveTask(p.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: p.arnOf(queue)})
		return err
	}, untyped, invalid, 400, "Source queue must be configured as a Dead Letter Queue."},
	{"a move task handle that is none", func(p place, _ *string) error {
		in := &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String("garbage")}
		_, err := p.CancelMessageMoveTask(p.Context(), in)
		return err
	}, untyped, invalid, 400, "Value for parameter TaskHandle is invalid."},
}

func TestError(t *testing.T) {
	for _, refusal := range refusals {
		t.Run(refusal.what, func(t *testing.T) {
			p, queue := newQueue(t, nil)
			err := refusal.call(p, queue)
			refused(t, err, refusal.code, refusal.status, refusal.message)
			refusal.class(t, err)
		})
	}
}
