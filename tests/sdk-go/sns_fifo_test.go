package sdkgo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

var (
	fifoTopic     = attributes{"FifoTopic": "true", "ContentBasedDeduplication": "true"}
	archivedTopic = with(fifoTopic, "ArchivePolicy", `{"MessageRetentionPeriod":"7"}`)
	fifoQueue     = attributes{"FifoQueue": "true"}
)

// fifo is a FIFO queue that is subscribed.
func (s square) fifo(given attributes) subscription {
	s.Helper()
	return s.addQueue(fmt.Sprintf("-q%d.fifo", made.Add(1)), fifoQueue, given)
}

func TestFifoTopicAttributes(t *testing.T) {
	s := newSquare(t, attributes{"FifoTopic": "true"})
	seen := s.topicOf()
	equal(t, [2]string{seen["FifoTopic"], seen["ContentBasedDeduplication"]}, [2]string{"true", "false"})
	s.setTopic("ContentBasedDeduplication", "true").must(t)
	s.setTopic("FifoThroughputScope", "MessageGroup").must(t)
	seen = s.topicOf()
	equal(t, [2]string{seen["FifoThroughputScope"], seen["ContentBasedDeduplication"]},
		[2]string{"MessageGroup", "true"})
	s.setTopic("ContentBasedDeduplication", "maybe").invalid(t, "Invalid parameter: …")
	s.setTopic("FifoThroughputScope", "Somewhere").invalid(t, "Invalid parameter: …")
	s.subscribe("http", "http://127.0.0.1:9/x", nil).invalid(t, "Invalid parameter: …")
}

func TestFifoTopicOrder(t *testing.T) {
	s := newSquare(t, fifoTopic)
	first, second := s.fifo(nil), s.fifo(raw)
	ids, numbers := map[string][]string{}, []string{}
	for n := range 20 {
		name := []string{"a", "b"}[n%2]
		out := s.publish(fmt.Sprintf("%s%d", name, n), group(name)).must(t)
		ids[name] = append(ids[name], *out.MessageId)
		equal(t, len(*out.SequenceNumber), 20)
		numbers = append(numbers, *out.SequenceNumber)
	}
	equal(t, slices.IsSorted(numbers), true)
	equal(t, len(slices.Compact(slices.Clone(numbers))), 20)
	seen, seenNumbers := map[string][]string{}, []string{}
	for _, message := range s.envelopes(first.queue, 20) {
		seen[message.Message[:1]] = append(seen[message.Message[:1]], message.MessageId)
		seenNumbers = append(seenNumbers, message.SequenceNumber)
	}
	equal(t, seen, ids)
	equal(t, sorted(seenNumbers), numbers)
	texts := map[string][]string{}
	for _, message := range s.ordered(second.queue, 20) {
		name := message.Attributes["MessageGroupId"]
		texts[name] = append(texts[name], *message.Body)
	}
	for at, name := range []string{"a", "b"} {
		equal(t, len(texts[name]), 10)
		for n, text := range texts[name] {
			equal(t, text, fmt.Sprintf("%s%d", name, 2*n+at))
		}
	}
}

func TestFifoTopicEnvelope(t *testing.T) {
	s := newSquare(t, fifoTopic)
	sub := s.fifo(nil)
	s.publish("x", group("g"), subject("s"), kind("v")).must(t)
	message := s.receiveN(sub.queue, 1, 0)[0]
	equal(t, keys(*message.Body), []string{
		"Type", "MessageId", "SequenceNumber", "TopicArn", "Subject", "Message", "Timestamp", "UnsubscribeURL",
		"MessageAttributes",
	})
	equal(t, message.Attributes["MessageGroupId"], "g")
	equal(t, message.Attributes["MessageDeduplicationId"], hash("x"))
	equal(t, len(message.Attributes["SequenceNumber"]), 20)
}

func TestFifoTopicDuplicates(t *testing.T) {
	s := newSquare(t, fifoTopic)
	sub := s.fifo(raw)
	first := s.publish("same", group("a")).must(t)
	second := s.publish("same", group("b")).must(t)
	equal(t, []string{*second.MessageId, *second.SequenceNumber}, []string{*first.MessageId, *first.SequenceNumber})
	first = s.publish("one", group("a"), dedup("d")).must(t)
	second = s.publish("two", group("a"), dedup("d")).must(t)
	equal(t, []string{*second.MessageId, *second.SequenceNumber}, []string{*first.MessageId, *first.SequenceNumber})
	s.publish("last", group("a")).must(t)
	messages := s.ordered(sub.queue, 3)
	equal(t, bodies(messages), []string{"same", "one", "last"})
	equal(t, messages[1].Attributes["MessageDeduplicationId"], "d")
}

func TestFifoTopicDuplicatesByGroup(t *testing.T) {
	s := newSquare(t, with(fifoTopic, "FifoThroughputScope", "MessageGroup"))
	a, b := s.publish("same", group("a")).must(t), s.publish("same", group("b")).must(t)
	equal(t, *a.MessageId == *b.MessageId, false)
	equal(t, *s.publish("same", group("a")).must(t).MessageId, *a.MessageId)
}

func TestFifoTopicBatch(t *testing.T) {
	s := newSquare(t, fifoTopic)
	sub := s.fifo(raw)
	var entries []types.PublishBatchRequestEntry
	add := func(id, message string) {
		one, name := entry(id, message), "g"
		one.MessageGroupId = &name
		entries = append(entries, one)
	}
	wanted := []string{}
	for n := range 8 {
		wanted = append(wanted, fmt.Sprintf("m%d", n))
		add(fmt.Sprint(n), wanted[n])
	}
	add("again", "m7")
	add("empty", "")
	out := s.publishBatch(entries...).must(t)
	equal(t, len(out.Failed), 1)
	equal(t, *out.Failed[0].Id, "empty")
	answers := map[string]types.PublishBatchResultEntry{}
	for _, one := range out.Successful {
		answers[*one.Id] = one
	}
	equal(t, *answers["again"].MessageId, *answers["7"].MessageId)
	equal(t, *answers["again"].SequenceNumber, *answers["7"].SequenceNumber)
	for n := range 7 {
		equal(t, *answers[fmt.Sprint(n)].SequenceNumber < *answers[fmt.Sprint(n+1)].SequenceNumber, true)
	}
	equal(t, bodies(s.ordered(sub.queue, 8)), wanted)
}

func TestFifoTopicPublicationsAreChecked(t *testing.T) {
	s := newSquare(t, attributes{"FifoTopic": "true"})
	s.publish("x", dedup("d")).invalid(t, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
	s.publish("x", group("g")).invalid(t, "Invalid parameter: The topic should either have "+
		"ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	s.publishBatch(entry("a", "x")).invalid(t, "Invalid parameter: …")
}

func TestFifoTopicToAStandardQueue(t *testing.T) {
	s := newSquare(t, fifoTopic)
	sub := s.plain(nil)
	sent := s.publish("x", group("g")).must(t)
	message := s.receiveN(sub.queue, 1, 0)[0]
	equal(t, parsed[envelope](t, *message.Body).SequenceNumber, *sent.SequenceNumber)
	for _, name := range []string{"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"} {
		equal(t, message.Attributes[name], "")
	}
}

func TestFifoTopicFilters(t *testing.T) {
	s := newSquare(t, fifoTopic)
	sub := s.fifo(with(raw, "FilterPolicy", `{"kind":["a"]}`))
	for n := range 9 {
		s.publish(fmt.Sprintf("m%d", n), group("g"), kind([]string{"b", "a", "a"}[n%3])).must(t)
	}
	equal(t, bodies(s.ordered(sub.queue, 6)), []string{"m1", "m2", "m4", "m5", "m7", "m8"})
}

func TestFifoTopicDeadLetters(t *testing.T) {
	s := newSquare(t, fifoTopic)
	standard := s.arnOf(s.create(s.name+"-plain", nil))
	dead := s.create(s.name+"-dead.fifo", fifoQueue)
	s.subscribe("sqs", "arn:aws:sqs:us-east-1:"+s.account+":other.fifo",
		attributes{"RedrivePolicy": deadLetters(standard)}).invalid(t, "Invalid parameter: …")
	sub := s.fifo(with(raw, "RedrivePolicy", deadLetters(s.arnOf(dead))))
	s.must(deleting(s.place, sub.queue))
	for _, text := range []string{"1", "2", "3"} {
		s.publish(text, group("g")).must(t)
	}
	messages := s.ordered(dead, 3)
	equal(t, bodies(messages), []string{"1", "2", "3"})
	equal(t, messages[0].Attributes["MessageGroupId"], "g")
}

func TestArchivePolicy(t *testing.T) {
	s := newSquare(t, fifoTopic)
	s.setTopic("ArchivePolicy", `{"MessageRetentionPeriod":30}`).must(t)
	seen := s.topicOf()
	equal(t, strings.Contains(seen["ArchivePolicy"], "30"), true)
	begins, err := time.Parse(time.RFC3339, seen["BeginningArchiveTime"])
	s.must(err)
	equal(t, time.Since(begins).Abs() < time.Minute, true)
	for _, bad := range []string{`{"MessageRetentionPeriod":0}`, `{"MessageRetentionPeriod":366}`, "no json"} {
		s.setTopic("ArchivePolicy", bad).invalid(t, "Invalid parameter: …")
	}
	s.setTopic("ArchivePolicy", "{}").must(t)
	_, shown := s.topicOf()["BeginningArchiveTime"]
	equal(t, shown, false)
	standard := s.another("-standard", nil)
	standard.setTopic("ArchivePolicy", `{"MessageRetentionPeriod":1}`).invalid(t, "Invalid parameter: …")
}

// since is a replay policy; an empty end is none.
func since(start, end string) string {
	if end != "" {
		end = `","EndingPoint":"` + end
	}
	return `{"PointType":"Timestamp","StartingPoint":"` + start + end + `"}`
}

// replayed waits until the last replay of a subscription has ended.
func (s square) replayed(arn *string) {
	s.Helper()
	s.eventually("a completed replay", func() bool {
		return strings.Contains(s.subscriptionOf(arn)["ReplayStatus"], "Completed")
	})
}

func TestReplayToANewSubscription(t *testing.T) {
	s := newSquare(t, archivedTopic)
	policy := since(s.topicOf()["BeginningArchiveTime"], "")
	var ids []string
	for n := range 12 {
		ids = append(ids, *s.publish(fmt.Sprintf("m%d", n), group("g")).must(t).MessageId)
	}
	sub := s.fifo(attributes{"ReplayPolicy": policy})
	// It comes behind what is replayed, whether it finds the replay running or not.
	ids = append(ids, *s.publish("meanwhile", group("g")).must(t).MessageId)
	messages := s.envelopes(sub.queue, 13)
	for at, id := range ids {
		equal(t, messages[at].MessageId, id)
		equal(t, at == 12 || fmt.Sprint(messages[at].Replayed) == "true", true)
	}
	s.replayed(sub.arn)
	s.publish("new", group("g")).must(t)
	equal(t, s.envelopes(sub.queue, 1)[0].Replayed, nil)
}

func TestReplayUpToAnEnd(t *testing.T) {
	s := newSquare(t, archivedTopic)
	begins := s.topicOf()["BeginningArchiveTime"]
	for n := range 6 {
		s.publish(fmt.Sprintf("m%d", n), group("g"), kind([]string{"b", "a"}[n%2])).must(t)
	}
	sub := s.fifo(with(raw, "FilterPolicy", `{"kind":["a"]}`))
	ends := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	s.setSubscription(sub.arn, "ReplayPolicy", since(begins, ends)).must(t)
	equal(t, bodies(s.ordered(sub.queue, 3)), []string{"m1", "m3", "m5"})
	s.replayed(sub.arn)
	s.publish("too late", group("g"), kind("a")).must(t)
	equal(t, len(s.receive(sub.queue, ask{most: 10, wait: 1})), 0)
}

func TestReplayPolicyIsChecked(t *testing.T) {
	s := newSquare(t, archivedTopic)
	sub := s.fifo(nil)
	now := time.Now().UTC()
	for _, bad := range []string{
		"no json", `{"PointType":"Timestamp"}`, since("yesterday", ""),
		since(now.Format(time.RFC3339), now.Add(-time.Hour).Format(time.RFC3339)),
	} {
		s.setSubscription(sub.arn, "ReplayPolicy", bad).invalid(t, "Invalid parameter: …")
	}
	plain := s.another("-unarchived", fifoTopic)
	policy := since(now.Format(time.RFC3339), "")
	plain.setSubscription(plain.fifo(nil).arn, "ReplayPolicy", policy).invalid(t, "Invalid parameter: …")
}
