package sdkgo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func (s square) publishBatch(entries ...types.PublishBatchRequestEntry) outcome[*sns.PublishBatchOutput] {
	in := &sns.PublishBatchInput{TopicArn: s.topic, PublishBatchRequestEntries: entries}
	return of(s.sns.PublishBatch(s.Context(), in))
}

func entry(id, message string) types.PublishBatchRequestEntry {
	return types.PublishBatchRequestEntry{Id: &id, Message: &message}
}

func TestPublishStructures(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(raw)
	for message, wanted := range map[string]string{
		`{"default":"d","sqs":"q","http":"h"}`:  "q",
		`{"default":"d","http":"h","sqs":1}`:    "d",
		`{"default":"d","colour":{"red":true}}`: "d",
	} {
		s.publish(message, structured).must(t)
		equal(t, bodies(s.ordered(sub.queue, 1)), []string{wanted})
	}
	reason := "Invalid parameter: Message Structure - "
	s.publish(`{"sqs":"q"}`, structured).invalid(t, reason+"No default entry in JSON message body")
	s.publish(`{"default":1}`, structured).invalid(t, reason+"No default entry in JSON message body")
	s.publish(`no json`, structured).invalid(t, reason+"JSON message body failed to parse")
}

func TestPublishSubjects(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(nil)
	for _, text := range []string{"Grüße – 🚀", strings.Repeat("x", 99)} {
		s.publish("x", subject(text)).must(t)
		equal(t, s.envelopes(sub.queue, 1)[0].Subject, text)
	}
	for _, bad := range []string{"", "a\nb", "a\ab", strings.Repeat("x", 101)} {
		s.publish("x", subject(bad)).invalid(t, "Invalid parameter: Subject")
	}
}

func TestPublishTexts(t *testing.T) {
	s := newSquare(t, nil)
	wrapped, plain := s.plain(nil), s.plain(raw)
	for _, text := range []string{"\\ \" / \t\r\n", "é ﷽ 👩‍👩‍👧", "a&b=c+d%20<e>", " ", "0", "{}"} {
		s.publish(text).must(t)
		equal(t, s.envelopes(wrapped.queue, 1)[0].Message, text)
		equal(t, bodies(s.ordered(plain.queue, 1)), []string{text})
	}
}

func TestPublishSizes(t *testing.T) {
	s := newSquare(t, nil)
	long := "Invalid parameter: Message too long"
	text := func(n int) string { return strings.Repeat("x", n) }
	s.publish(text(262144)).must(t)
	s.publish(text(262145)).invalid(t, long)
	attribute := having(values{"a": ofType("String", "12345")})
	s.publish(text(262144-12), attribute).must(t)
	s.publish(text(262144-11), attribute).invalid(t, long)
	s.publish("").invalid(t, "Invalid parameter: Empty message")
	s.setTopic("MaximumMessageSize", "1024").must(t)
	s.publish(text(1025)).invalid(t, long)
	s.setTopic("MaximumMessageSize", "1048576").must(t)
	s.publish(text(1048576)).must(t)
	s.publish(text(1048577)).invalid(t, long)
	s.subscribe("http", "http://127.0.0.1:9/x", nil).invalid(t, "Invalid parameter: …")
}

func TestPublishTargets(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(raw)
	to := func(target, phone *string) func(*sns.PublishInput) {
		return func(in *sns.PublishInput) { in.TopicArn, in.TargetArn, in.PhoneNumber = nil, target, phone }
	}
	s.publish("by target", to(s.topic, nil)).must(t)
	equal(t, bodies(s.receiveN(sub.queue, 1, 0)), []string{"by target"})
	s.publish("x", to(nil, nil)).invalid(t, "Invalid parameter: …")
	s.publish("x", to(nil, aws.String("+1-555"))).invalid(t,
		"Invalid parameter: PhoneNumber Reason: +1-555 is not valid to publish to")
}

func TestPublishOfAGroup(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(raw)
	s.publish("x", group("tenant")).must(t)
	equal(t, s.receiveN(sub.queue, 1, 0)[0].Attributes["MessageGroupId"], "tenant")
	s.publish("x", dedup("d")).invalid(t, "Invalid parameter: MessageDeduplicationId Reason: The request includes "+
		"MessageDeduplicationId parameter that is not valid for this topic type")
}

func TestPublishAttributesAreChecked(t *testing.T) {
	s := newSquare(t, nil)
	for _, bad := range []struct {
		name    string
		value   types.MessageAttributeValue
		message string
	}{
		{"a", ofType("Colour", "red"), "The message attribute 'a' has an invalid message attribute type, " +
			"the set of supported type prefixes is Binary, Number, and String."},
		{"a", ofType("String", ""), "The message attribute 'a' must contain non-empty message attribute value " +
			"for message attribute type 'String'."},
		{"a", ofType("Binary", "x"), "The message attribute 'a' with type 'Binary' must use field 'Binary'."},
		{"a..b", ofType("String", "x"), "Message attribute name can not have successive '.' character."},
		{".a", ofType("String", "x"), "Invalid message attribute name starting with character '.' was found."},
		{strings.Repeat("x", 257), ofType("String", "x"), "Length of message attribute name must be less than 256 bytes."},
	} {
		s.publish("x", having(values{bad.name: bad.value})).refused(t,
			typed[*types.InvalidParameterValueException], "ParameterValueInvalid", 400, bad.message)
	}
	s.publish("x", having(values{"AWS.SNS.SMS.SenderID": ofType("String", "me")})).must(t)
}

func TestPublishBatch(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(raw)
	var entries []types.PublishBatchRequestEntry
	var wanted []string
	for n := range 9 {
		wanted = append(wanted, fmt.Sprintf("m%d", n))
		one := entry(fmt.Sprintf("id-%d", n), wanted[n])
		one.MessageAttributes = values{"n": ofType("Number", fmt.Sprint(n))}
		entries = append(entries, one)
	}
	out := s.publishBatch(append(entries, entry("empty", ""))...).must(t)
	equal(t, len(out.Successful), 9)
	equal(t, len(out.Failed), 1)
	failed := out.Failed[0]
	equal(t, []any{*failed.Id, *failed.Code, failed.SenderFault}, []any{"empty", "InvalidParameter", true})
	messages := s.receiveN(sub.queue, 9, 0)
	for _, message := range messages {
		equal(t, "m"+*message.MessageAttributes["n"].StringValue, *message.Body)
	}
	equal(t, sorted(bodies(messages)), wanted)
}

func TestPublishBatchIsChecked(t *testing.T) {
	s := newSquare(t, nil)
	// The SDK does not know this one, nor whose fault it is.
	none := s.publishBatch([]types.PublishBatchRequestEntry{}...).err
	equal(t, none != nil && strings.Contains(none.Error(), "api error ValidationError: "), true)
	var many []types.PublishBatchRequestEntry
	for n := range 11 {
		many = append(many, entry(fmt.Sprint(n), "x"))
	}
	s.publishBatch(many...).refused(t, typed[*types.TooManyEntriesInBatchRequestException],
		"TooManyEntriesInBatchRequest", 400, "The batch request contains more entries than permissible.")
	s.publishBatch(entry("a", "x"), entry("a", "y")).refused(t, typed[*types.BatchEntryIdsNotDistinctException],
		"BatchEntryIdsNotDistinct", 400, "Two or more batch entries in the request have the same Id.")
	s.publishBatch(entry("a b", "x")).refused(t, typed[*types.InvalidBatchEntryIdException],
		"InvalidBatchEntryId", 400,
		"The Id of a batch entry in the batch request contains an impermissible character: a b")
	large := strings.Repeat("x", 131073)
	s.publishBatch(entry("a", large), entry("b", large)).refused(t, typed[*types.BatchRequestTooLongException],
		"BatchRequestTooLong", 400, "The length of all the messages put together is more than the limit.")
	bad := entry("b", "x")
	bad.MessageAttributes = values{"a": ofType("Colour", "red")}
	s.publishBatch(entry("a", "x"), bad).refused(t, typed[*types.InvalidParameterValueException],
		"ParameterValueInvalid", 400, "…")
}

func TestPublishToManyQueues(t *testing.T) {
	s := newSquare(t, nil)
	var subs []subscription
	for range 25 {
		subs = append(subs, s.plain(nil))
	}
	sent := s.publish("x").must(t)
	ids := map[string]bool{}
	for _, sub := range subs {
		message := s.receiveN(sub.queue, 1, 0)[0]
		equal(t, parsed[envelope](t, *message.Body).MessageId, *sent.MessageId)
		ids[*message.MessageId] = true
	}
	equal(t, len(ids), 25)
}
