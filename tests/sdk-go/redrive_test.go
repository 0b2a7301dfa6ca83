package sdkgo

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// spent is a dead-letter queue with n messages in it, and the source that they came from.
func spent(t *testing.T, n int) (place, pair) {
	t.Helper()
	p := newPlace(t)
	pair := p.newPair(1, nil)
	p.sendAll(pair.source, "", numbered("", n))
	p.spend(pair.source, pair.dead, n)
	return p, pair
}

func (p place) move(in *sqs.StartMessageMoveTaskInput) *string {
	p.Helper()
	out, err := p.StartMessageMoveTask(p.Context(), in)
	p.must(err)
	return out.TaskHandle
}

func (p place) tasks(arn *string) []types.ListMessageMoveTasksResultEntry {
	p.Helper()
	in := &sqs.ListMessageMoveTasksInput{SourceArn: arn, MaxResults: aws.Int32(10)}
	out, err := p.ListMessageMoveTasks(p.Context(), in)
	p.must(err)
	return out.Results
}

// settled is the newest task of a queue, when it has this status.
func (p place) settled(arn *string, status string) types.ListMessageMoveTasksResultEntry {
	p.Helper()
	var newest types.ListMessageMoveTasksResultEntry
	p.eventually("a task that is "+status, func() bool {
		tasks := p.tasks(arn)
		if len(tasks) > 0 {
			newest = tasks[0]
		}
		return aws.ToString(newest.Status) == status
	})
	return newest
}

func TestRedriveAMessageStaysItself(t *testing.T) {
	p := newPlace(t)
	pair := p.newPair(2, nil)
	in := &sqs.SendMessageInput{QueueUrl: pair.source, MessageBody: aws.String("poison")}
	in.MessageAttributes = map[string]types.MessageAttributeValue{"Hello": text("There")}
	sent, err := p.SendMessage(t.Context(), in)
	p.must(err)
	var seen types.Message
	for _, count := range []string{"1", "2"} {
		seen = p.receiveN(pair.source, 1, 0)[0]
		equal(t, seen.Attributes["ApproximateReceiveCount"], count)
		equal(t, seen.Attributes["DeadLetterQueueSourceArn"], "")
		p.change(pair.source, seen, 0)
	}
	equal(t, len(p.receive(pair.source, ask{most: 10})), 0)
	moved := p.receiveN(pair.dead, 1, 0)[0]
	equal(t, []string{*moved.MessageId, *moved.Body}, []string{*sent.MessageId, "poison"})
	equal(t, *moved.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
	equal(t, moved.Attributes["SentTimestamp"], seen.Attributes["SentTimestamp"])
	equal(t, moved.Attributes["ApproximateReceiveCount"], "3")
	equal(t, moved.Attributes["DeadLetterQueueSourceArn"], *pair.sourceArn)
	equal(t, p.counts(pair.source), [3]int{})
}

func TestRedriveInAFifoQueue(t *testing.T) {
	p := newPlace(t)
	pair := p.newPair(1, attributes{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	p.sendAll(pair.source, "g", []string{"1", "2", "3"})
	var seen []string
	p.eventually("three messages in the dead-letter queue", func() bool {
		for _, message := range p.receive(pair.source, ask{most: 1}) {
			seen = append(seen, *message.Body)
			p.change(pair.source, message, 0)
		}
		return p.counts(pair.dead)[0] == 3
	})
	equal(t, seen, []string{"1", "2", "3"})
	equal(t, bodies(p.receiveN(pair.dead, 3, 0)), seen)
}

func TestRedrivePolicies(t *testing.T) {
	p := newPlace(t)
	pair := p.newPair(`"5"`, nil)
	equal(t, p.attributesOf(pair.source, "RedrivePolicy"), redrivePolicy(pair.deadArn, 5))
	set := func(policy string) error { return p.set(pair.source, attributes{"RedrivePolicy": policy}) }
	refused(t, set("no json"), "InvalidAttributeValue", 400,
		"Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.")
	missing := aws.String(*pair.deadArn + "-not")
	for policy, reason := range map[string]string{
		fmt.Sprintf(`{"deadLetterTargetArn":"%s"}`, *pair.deadArn): "Redrive policy does not contain mandatory attribute: " +
			"maxReceiveCount.",
		redrivePolicy(missing, 1)["RedrivePolicy"]: "Dead letter target does not exist.",
		redrivePolicy(pair.deadArn, 1001)["RedrivePolicy"]: "Invalid value for maxReceiveCount: 1001, valid values are " +
			"from 1 to 1000 both inclusive.",
	} {
		wanted := fmt.Sprintf("Value %s for parameter RedrivePolicy is invalid. Reason: %s", policy, reason)
		refused(t, set(policy), invalid, 400, wanted)
	}
	p.must(set(""))
	equal(t, len(p.attributesOf(pair.source, "RedrivePolicy")), 0)

	allow := attributes{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`}
	p.must(p.set(pair.dead, allow))
	equal(t, p.attributesOf(pair.dead, "RedriveAllowPolicy"), allow)
	refused(t, p.set(pair.source, redrivePolicy(pair.deadArn, 1)), invalid, 400, "…")
}

func TestRedriveSources(t *testing.T) {
	p := newPlace(t)
	pair := p.newPair(1, nil)
	wanted := []string{*pair.source}
	for _, name := range numbered(p.name+"-", 4) {
		wanted = append(wanted, *p.create(name, redrivePolicy(pair.deadArn, 3)))
	}
	in := &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: pair.dead, MaxResults: aws.Int32(2)}
	pages := sqs.NewListDeadLetterSourceQueuesPaginator(p.Client, in)
	var seen []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		p.must(err)
		seen = append(seen, page.QueueUrls...)
	}
	equal(t, sorted(seen), sorted(wanted))
}

func TestMoveGoesBackToEachSource(t *testing.T) {
	p, pair := spent(t, 12)
	second := p.create(p.name+"-second", redrivePolicy(pair.deadArn, 1))
	p.sendAll(second, "", []string{"a", "b"})
	p.spend(second, pair.dead, 14)
	p.move(&sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn})
	messages := p.receiveN(pair.source, 12, 0)
	equal(t, sorted(bodies(messages)), numbered("", 12))
	equal(t, messages[0].Attributes["ApproximateReceiveCount"], "1")
	equal(t, sorted(bodies(p.receiveN(second, 2, 0))), []string{"a", "b"})
	task := p.settled(pair.deadArn, "COMPLETED")
	equal(t, task.ApproximateNumberOfMessagesMoved, int64(14))
	equal(t, task.TaskHandle == nil, true)
	equal(t, time.Since(time.UnixMilli(task.StartedTimestamp)).Abs() < time.Minute, true)
	equal(t, p.counts(pair.dead), [3]int{})
}

func TestMoveToANamedQueue(t *testing.T) {
	p, pair := spent(t, 3)
	elsewhere := p.create(p.name+"-elsewhere", nil)
	in := &sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn, DestinationArn: p.arnOf(elsewhere)}
	p.move(in)
	equal(t, sorted(bodies(p.receiveN(elsewhere, 3, 0))), numbered("", 3))
	equal(t, *p.settled(pair.deadArn, "COMPLETED").DestinationArn, *in.DestinationArn)
	in.DestinationArn = aws.String(*in.DestinationArn + "-not")
	_, err := p.StartMessageMoveTask(t.Context(), in)
	typed[*types.ResourceNotFoundException](t, err)
	refused(t, err, "ResourceNotFoundException", 404,
		"The resource that you specified for the DestinationArn parameter doesn't exist.")
}

func TestMoveCancelled(t *testing.T) {
	p, pair := spent(t, 8)
	in := &sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn, MaxNumberOfMessagesPerSecond: aws.Int32(1)}
	handle := p.move(in)
	running := p.settled(pair.deadArn, "RUNNING")
	equal(t, *running.TaskHandle, *handle)
	equal(t, *running.MaxNumberOfMessagesPerSecond, int32(1))
	_, err := p.StartMessageMoveTask(t.Context(), in)
	refused(t, err, invalid, 400, "There is already a task running. "+
		"Only one active task is allowed for a source queue arn at a given time.")
	cancel := &sqs.CancelMessageMoveTaskInput{TaskHandle: handle}
	_, err = p.CancelMessageMoveTask(t.Context(), cancel)
	p.must(err)
	p.settled(pair.deadArn, "CANCELLED")
	p.eventually("each message in one place", func() bool {
		return p.counts(pair.source)[0]+p.counts(pair.dead)[0] == 8
	})
	equal(t, p.counts(pair.dead)[0] > 0, true)

	unknown := `{"taskId":"00000000-0000-4000-8000-000000000000","sourceArn":"` + *pair.deadArn + `"}`
	cancel.TaskHandle = aws.String(base64.StdEncoding.EncodeToString([]byte(unknown)))
	_, err = p.CancelMessageMoveTask(t.Context(), cancel)
	refused(t, err, "ResourceNotFoundException", 404, "Task does not exist.")
}

func TestMoveTasksAreListedFromTheNewestOn(t *testing.T) {
	p, pair := spent(t, 1)
	for range 2 {
		p.move(&sqs.StartMessageMoveTaskInput{SourceArn: pair.deadArn})
		p.settled(pair.deadArn, "COMPLETED")
		p.spend(pair.source, pair.dead, 1)
	}
	var started []int64
	for _, task := range p.tasks(pair.deadArn) {
		started = append(started, -task.StartedTimestamp)
	}
	equal(t, len(started), 2)
	equal(t, slices.IsSorted(started), true)
}
