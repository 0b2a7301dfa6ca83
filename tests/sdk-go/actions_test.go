package sdkgo

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// actions has every action that the SDK has, once: the call succeeds and says what it should.
var actions = map[string]func(t *testing.T){
	"AddPermission": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.addPermission(queue, "l", "SendMessage")
		equal(t, strings.Contains(p.attributesOf(queue, "Policy")["Policy"], `"Sid":"l"`), true)
	},
	"CancelMessageMoveTask": func(t *testing.T) {
		p, pair := spent(t, 5)
		started := p.move(&sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn, MaxNumberOfMessagesPerSecond: aws.Int32(1)})
		out, err := p.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: started})
		p.must(err)
		equal(t, out.ApproximateNumberOfMessagesMoved < 5, true)
	},
	"ChangeMessageVisibility": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.send(queue, "x")
		p.change(queue, p.receiveN(queue, 1, 0)[0], 0)
		equal(t, p.counts(queue), [3]int{1, 0, 0})
	},
	"ChangeMessageVisibilityBatch": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.sendAll(queue, "", numbered("", 3))
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for _, message := range p.receiveN(queue, 3, 0) {
			entry := types.ChangeMessageVisibilityBatchRequestEntry{
				Id: message.MessageId, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0,
			}
			entries = append(entries, entry)
		}
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: queue, Entries: entries}
		out, err := p.ChangeMessageVisibilityBatch(t.Context(), in)
		p.must(err)
		equal(t, []int{len(out.Successful), len(out.Failed)}, []int{3, 0})
		equal(t, p.counts(queue), [3]int{3, 0, 0})
	},
	"CreateQueue": func(t *testing.T) {
		p := newPlace(t)
		in := &sqs.CreateQueueInput{QueueName: &p.name, Tags: map[string]string{"team": "a"}}
		out, err := p.CreateQueue(t.Context(), in)
		p.must(err)
		equal(t, *out.QueueUrl, endpoint+"/"+p.account+"/"+p.name)
		equal(t, p.tagsOf(out.QueueUrl), map[string]string{"team": "a"})
	},
	"DeleteMessage": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.send(queue, "x")
		p.delete(queue, p.receiveN(queue, 1, 0)...)
		equal(t, p.counts(queue), [3]int{})
	},
	"DeleteMessageBatch": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.sendAll(queue, "", numbered("", 10))
		out := p.deleteBatch(queue, p.receiveN(queue, 10, 0))
		equal(t, []int{len(out.Successful), len(out.Failed)}, []int{10, 0})
		equal(t, p.counts(queue), [3]int{})
	},
	"DeleteQueue": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		_, err := p.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: queue})
		p.must(err)
		out, err := p.ListQueues(t.Context(), &sqs.ListQueuesInput{})
		p.must(err)
		equal(t, len(out.QueueUrls), 0)
	},
	"GetQueueAttributes": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		equal(t, *p.arnOf(queue), "arn:aws:sqs:us-east-1:"+p.account+":"+p.name)
	},
	"GetQueueUrl": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		out, err := p.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &p.name, QueueOwnerAWSAccountId: &p.account})
		p.must(err)
		equal(t, *out.QueueUrl, *queue)
	},
	"ListDeadLetterSourceQueues": func(t *testing.T) {
		p := newPlace(t)
		pair := p.newPair(1, nil)
		in := &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: pair.dead}
		out, err := p.ListDeadLetterSourceQueues(t.Context(), in)
		p.must(err)
		equal(t, out.QueueUrls, []string{*pair.source})
	},
	"ListMessageMoveTasks": func(t *testing.T) {
		p, pair := spent(t, 1)
		equal(t, len(p.tasks(pair.deadArn)), 0)
		p.move(&sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn})
		tasks := p.tasks(pair.deadArn)
		equal(t, len(tasks), 1)
		equal(t, *tasks[0].SourceArn, *pair.deadArn)
	},
	"ListQueueTags": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		equal(t, len(p.tagsOf(queue)), 0)
	},
	"ListQueues": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		out, err := p.ListQueues(t.Context(), &sqs.ListQueuesInput{})
		p.must(err)
		equal(t, out.QueueUrls, []string{*queue})
	},
	"PurgeQueue": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.sendAll(queue, "", numbered("", 4))
		p.receive(queue, ask{most: 2})
		_, err := p.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: queue})
		p.must(err)
		equal(t, p.counts(queue), [3]int{})
	},
	"ReceiveMessage": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		sent := p.send(queue, "here")
		out, err := p.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue})
		p.must(err)
		equal(t, []string{*out.Messages[0].MessageId, *out.Messages[0].Body}, []string{*sent.MessageId, "here"})
		equal(t, len(out.Messages[0].Attributes), 0)
	},
	"RemovePermission": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.addPermission(queue, "l", "*")
		_, err := p.RemovePermission(t.Context(), &sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("l")})
		p.must(err)
		equal(t, len(p.attributesOf(queue, "Policy")), 0)
	},
	"SendMessage": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		sent := p.send(queue, "hello")
		equal(t, *sent.MD5OfMessageBody, "5d41402abc4b2a76b9719d911017c592")
		equal(t, sent.SequenceNumber == nil, true)
	},
	"SendMessageBatch": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		sent := p.sendAll(queue, "", []string{"a", "b"})
		equal(t, []string{*sent[0].Id, *sent[1].Id}, []string{"n0", "n1"})
	},
	"SetQueueAttributes": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.must(p.set(queue, attributes{"VisibilityTimeout": "7"}))
		equal(t, p.attributesOf(queue, "VisibilityTimeout"), attributes{"VisibilityTimeout": "7"})
	},
	"StartMessageMoveTask": func(t *testing.T) {
		p, pair := spent(t, 1)
		p.move(&sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn})
		p.receiveN(pair.source, 1, 0)
	},
	"TagQueue": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.tag(queue, map[string]string{"a": "1", "b": ""})
		equal(t, p.tagsOf(queue), map[string]string{"a": "1", "b": ""})
	},
	"UntagQueue": func(t *testing.T) {
		p, queue := newQueue(t, nil)
		p.tag(queue, map[string]string{"a": "1", "b": "2"})
		in := &sqs.UntagQueueInput{QueueUrl: queue, TagKeys: []string{"a", "unknown"}}
		_, err := p.UntagQueue(t.Context(), in)
		p.must(err)
		equal(t, p.tagsOf(queue), map[string]string{"b": "2"})
	},
}

func TestAction(t *testing.T) {
	for name, test := range actions {
		t.Run(name, test)
	}
}

func TestNoActionIsLeftOut(t *testing.T) {
	var known, tested []string
	class := reflect.TypeFor[*sqs.Client]()
	for at := range class.NumMethod() {
		if name := class.Method(at).Name; name != "Options" {
			known = append(known, name)
		}
	}
	for name := range actions {
		tested = append(tested, name)
	}
	slices.Sort(tested)
	equal(t, tested, known)
	equal(t, len(known), 23)
}
