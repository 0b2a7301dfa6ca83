package sdkgo

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// everyType are attributes of all types that there are.
var everyType = values{
	"kind":   ofType("String", "ü"),
	"custom": ofType("String.prefixed", "p"),
	"n":      ofType("Number", "-1.5e3"),
	"list":   ofType("String.Array", `["a",1,true,null]`),
	"bytes":  bytesOf(0, 255),
}

// arrived demands that a raw delivery has these attributes.
func arrived(t testing.TB, message sqstypes.Message, wanted values) {
	t.Helper()
	seen := values{}
	for name, value := range message.MessageAttributes {
		seen[name] = types.MessageAttributeValue{
			DataType: value.DataType, StringValue: value.StringValue, BinaryValue: value.BinaryValue,
		}
	}
	equal(t, asJSON(t, seen), asJSON(t, wanted))
}

func TestSubscription(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(nil)
	equal(t, regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString((*sub.arn)[len(*s.topic)+1:]), true)
	for _, given := range []attributes{nil, {"RawMessageDelivery": "false"}} {
		equal(t, *s.subscribe("sqs", *sub.queueArn, given).must(t).SubscriptionArn, *sub.arn)
	}
	s.subscribe("sqs", *sub.queueArn, raw).invalid(t,
		"Invalid parameter: Attributes Reason: Subscription already exists with different attributes")
	wanted := types.Subscription{
		Owner: &s.account, Protocol: aws.String("sqs"), Endpoint: sub.queueArn, SubscriptionArn: sub.arn, TopicArn: s.topic,
	}
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: s.topic}
	listed := of(s.sns.ListSubscriptionsByTopic(t.Context(), in)).must(t).Subscriptions
	equal(t, listed, []types.Subscription{wanted})
	equal(t, s.counted(), [3]string{"1", "0", "0"})
	seen := s.subscriptionOf(sub.arn)
	delete(seen, "SubscriptionPrincipal")
	equal(t, seen, attributes{
		"Owner": s.account, "Protocol": "sqs", "Endpoint": *sub.queueArn, "SubscriptionArn": *sub.arn,
		"TopicArn": *s.topic, "RawMessageDelivery": "false", "PendingConfirmation": "false",
		"ConfirmationWasAuthenticated": "true",
	})
	for range 2 {
		s.unsubscribe(*sub.arn).must(t)
	}
	s.setSubscription(sub.arn, "RawMessageDelivery", "true").refused(t,
		typed[*types.NotFoundException], "NotFound", 404, "Subscription does not exist")
}

func TestSubscriptionEnvelope(t *testing.T) {
	s := newSquare(t, attributes{"SignatureVersion": "2"})
	sub := s.plain(nil)
	text := "a \"quoted\"\nline – 🚀 <&>"
	sent := s.publish(text, subject("Grüße"), having(everyType)).must(t)
	message := s.receiveN(sub.queue, 1, 0)[0]
	equal(t, keys(*message.Body), []string{
		"Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
		"SigningCertURL", "UnsubscribeURL", "MessageAttributes",
	})
	equal(t, len(message.MessageAttributes), 0)
	seen := parsed[envelope](t, *message.Body)
	equal(t, []string{seen.Type, seen.MessageId, seen.TopicArn, seen.Subject, seen.Message},
		[]string{notification, *sent.MessageId, *s.topic, "Grüße", text})
	at, err := time.Parse("2006-01-02T15:04:05.000Z", seen.Timestamp)
	s.must(err)
	equal(t, time.Since(at).Abs() < time.Minute, true)
	equal(t, seen.UnsubscribeURL, endpoint+"/?Action=Unsubscribe&SubscriptionArn="+*sub.arn)
	equal(t, len(seen.MessageAttributes), len(everyType))
	for name, value := range everyType {
		wanted := base64.StdEncoding.EncodeToString(value.BinaryValue)
		if value.StringValue != nil {
			wanted = *value.StringValue
		}
		equal(t, seen.MessageAttributes[name], struct{ Type, Value string }{*value.DataType, wanted})
	}
	verified(t, seen)
}

func TestSubscriptionRaw(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(raw)
	s.publish("plain 🚀", subject("lost"), having(everyType)).must(t)
	// The SDK verifies both digests.
	message := s.receiveN(sub.queue, 1, 0)[0]
	equal(t, *message.Body, "plain 🚀")
	arrived(t, message, everyType)
}

// filters are policies, and which of the messages a, b, c and d they admit.
var filters = []struct{ scope, policy, admitted string }{
	{"MessageAttributes", `{"kind":["invoice","refund"]}`, "abc"},
	{"MessageAttributes", `{"kind":[{"prefix":"inv"}],"amount":[{"numeric":[">",10,"<=",100]}]}`, "a"},
	{"MessageAttributes", `{"kind":[{"anything-but":["refund"]}]}`, "ab"},
	{"MessageAttributes", `{"amount":[{"exists":false}]}`, "c"},
	{"MessageAttributes", `{"$or":[{"kind":["refund"]},{"amount":[{"numeric":["=",500]}]}]}`, "bc"},
	{"MessageBody", `{"order":{"sku":[{"suffix":"-9"}]}}`, "a"},
	{"MessageBody", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, "d"},
	{"MessageBody", `{"state":[null,true,{"equals-ignore-case":"OPEN"}]}`, "bc"},
}

func TestSubscriptionFilters(t *testing.T) {
	s := newSquare(t, nil)
	var subs []subscription
	for _, filter := range filters {
		given := attributes{"FilterPolicy": filter.policy, "FilterPolicyScope": filter.scope}
		subs = append(subs, s.plain(with(given, "RawMessageDelivery", "true")))
	}
	invoice := ofType("String", "invoice")
	s.publish(`{"label":"a","order":[{"sku":"x-1"},{"sku":"y-9"}]}`,
		having(values{"kind": invoice, "amount": ofType("Number", "50")})).must(t)
	s.publish(`{"label":"b","state":"open"}`,
		having(values{"kind": invoice, "amount": ofType("Number", "5e2")})).must(t)
	s.publish(`{"label":"c","state":null}`, kind("refund")).must(t)
	s.publish(`{"label":"d","ip":"10.0.0.77","state":false}`).must(t)
	for at, filter := range filters {
		var seen []string
		for _, body := range bodies(s.receiveN(subs[at].queue, len(filter.admitted), 0)) {
			seen = append(seen, parsed[struct{ Label string }](t, body).Label)
		}
		equal(t, fmt.Sprint(sorted(seen)), fmt.Sprint(regexp.MustCompile(".").FindAllString(filter.admitted, -1)))
		equal(t, len(s.receive(subs[at].queue, ask{most: 10})), 0)
	}
}

func TestSubscriptionFilterChanged(t *testing.T) {
	s := newSquare(t, nil)
	policy := `{ "kind" : ["a"] }`
	sub := s.plain(with(raw, "FilterPolicy", policy))
	shown := func() [2]string {
		seen := s.subscriptionOf(sub.arn)
		return [2]string{seen["FilterPolicy"], seen["FilterPolicyScope"]}
	}
	equal(t, shown(), [2]string{policy, "MessageAttributes"})
	s.publish("refused", kind("b")).must(t)
	s.setSubscription(sub.arn, "FilterPolicy", `{"kind":["b"]}`).must(t)
	s.publish("admitted", kind("b")).must(t)
	s.setSubscription(sub.arn, "FilterPolicyScope", "MessageBody").must(t)
	equal(t, shown(), [2]string{`{"kind":["b"]}`, "MessageBody"})
	s.publish("refused", kind("b")).must(t)
	s.publish(`{"kind":"b"}`).must(t)
	s.setSubscription(sub.arn, "FilterPolicy", "").must(t)
	equal(t, shown(), [2]string{})
	s.publish("all").must(t)
	equal(t, sorted(bodies(s.receiveN(sub.queue, 3, 0))), sorted([]string{"admitted", `{"kind":"b"}`, "all"}))
}

// badAttributes are values that a subscription cannot have, and what is said of them.
var badAttributes = []struct{ name, value, message string }{
	{"FilterPolicy", `{"a":"b"}`, `FilterPolicy: "a" must be an object or an array…`},
	{"FilterPolicy", `no json`, `FilterPolicy: failed to parse JSON…`},
	{"FilterPolicy", `{"a":[]}`, `FilterPolicy: Empty arrays are not allowed…`},
	{"FilterPolicy", `{"a":[{"colour":1}]}`, `FilterPolicy: Unrecognized match type colour…`},
	{"FilterPolicy", `{"a":[{"exists":1}]}`, `FilterPolicy: exists match pattern must be either true or false.…`},
	{"FilterPolicy", `{"a":[{"numeric":[">",2,"<",1]}]}`, `FilterPolicy: Bottom must be less than top…`},
	{"FilterPolicy", `{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}`,
		`FilterPolicy: Filter policy can not have more than 5 keys…`},
	{"FilterPolicyScope", "Here", "FilterPolicyScope: Invalid value [Here]. " +
		"Please use either MessageBody or MessageAttributes"},
	{"RawMessageDelivery", "maybe", "RawMessageDelivery: Invalid value [maybe]. Must be true or false."},
}

func TestSubscriptionAttributesAreChecked(t *testing.T) {
	s := newSquare(t, nil)
	sub := s.plain(nil)
	for _, bad := range badAttributes {
		s.setSubscription(sub.arn, bad.name, bad.value).invalid(t, "Invalid parameter: "+bad.message)
		s.subscribe("sqs", *sub.queueArn+"-other", attributes{bad.name: bad.value}).invalid(t,
			"Invalid parameter: Attributes Reason: "+bad.message)
	}
	nested := "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy…"
	s.setSubscription(sub.arn, "FilterPolicy", `{"a":{"b":["c"]}}`).invalid(t, nested)
	s.setSubscription(sub.arn, "RedrivePolicy", `{"deadLetterTargetArn":"x"}`).invalid(t,
		"Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn…")
	s.setSubscription(sub.arn, "DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":1}}`).invalid(t,
		"Invalid parameter: …")
	s.setSubscription(sub.arn, "Colour", "red").invalid(t, "Invalid parameter: AttributeName")
	equal(t, s.counted(), [3]string{"1", "0", "0"})
}

func TestSubscriptionEndpointsAreChecked(t *testing.T) {
	s := newSquare(t, nil)
	fifo := s.arnOf(s.create(s.name+".fifo", attributes{"FifoQueue": "true"}))
	for _, bad := range []struct{ protocol, endpoint, message string }{
		{"pigeon", "x", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"},
		{"sqs", "http://127.0.0.1/1/q", "Invalid parameter: SQS endpoint ARN"},
		{"http", "https://example.com/", "Invalid parameter: …"},
		{"https", "http://example.com/", "Invalid parameter: …"},
		{"sqs", *fifo, "Invalid parameter: Invalid parameter: Endpoint Reason: " +
			"FIFO SQS Queues can not be subscribed to standard SNS topics"},
	} {
		s.subscribe(bad.protocol, bad.endpoint, nil).invalid(t, bad.message)
	}
	s.unsubscribe(*s.topic+":x").invalid(t, "Invalid parameter: SubscriptionId")
	s.unsubscribe(*s.topic + ":00000000-0000-4000-8000-000000000000").must(t)
}

func TestSubscriptionsAreListedAHundredAtATime(t *testing.T) {
	s := newSquare(t, nil)
	var wanted []string
	for n := range 103 {
		wanted = append(wanted, fmt.Sprintf("arn:aws:sqs:us-east-1:%s:no-%03d", s.account, n))
		s.subscribe("sqs", wanted[n], nil).must(t)
	}
	var seen []string
	var sizes []int
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: s.topic}
	for pages := sns.NewListSubscriptionsByTopicPaginator(s.sns, in); pages.HasMorePages(); {
		page := of(pages.NextPage(t.Context())).must(t)
		sizes = append(sizes, len(page.Subscriptions))
		for _, one := range page.Subscriptions {
			seen = append(seen, *one.Endpoint)
		}
	}
	equal(t, sizes, []int{100, 3})
	slices.Sort(seen)
	equal(t, seen, wanted)
	all := sns.NewListSubscriptionsPaginator(s.sns, &sns.ListSubscriptionsInput{})
	equal(t, len(of(all.NextPage(t.Context())).must(t).Subscriptions), 100)
	equal(t, len(of(all.NextPage(t.Context())).must(t).Subscriptions), 3)
	equal(t, all.HasMorePages(), false)
}

// deadLetters is the attribute that sends to this queue what could not be delivered.
func deadLetters(arn *string) string { return fmt.Sprintf(`{"deadLetterTargetArn":"%s"}`, *arn) }

func TestSubscriptionDeadLetters(t *testing.T) {
	s := newSquare(t, nil)
	dead := s.create(s.name+"-dead", nil)
	policy := attributes{"RedrivePolicy": deadLetters(s.arnOf(dead))}
	wrapped, plain := s.plain(policy), s.plain(with(raw, "RedrivePolicy", policy["RedrivePolicy"]))
	equal(t, s.subscriptionOf(wrapped.arn)["RedrivePolicy"], policy["RedrivePolicy"])
	for _, sub := range []subscription{wrapped, plain} {
		s.must(deleting(s.place, sub.queue))
	}
	sent := s.publish("lost", subject("s"), having(everyType)).must(t)
	messages := s.receiveN(dead, 2, 0)
	slices.SortFunc(messages, func(a, b sqstypes.Message) int { return len(*a.Body) - len(*b.Body) })
	equal(t, *messages[0].Body, "lost")
	arrived(t, messages[0], everyType)
	seen := parsed[envelope](t, *messages[1].Body)
	equal(t, []string{seen.MessageId, seen.Message, seen.Subject}, []string{*sent.MessageId, "lost", "s"})
	equal(t, len(messages[1].MessageAttributes), 0)
	equal(t, messages[1].Attributes["ApproximateReceiveCount"], "1")
	equal(t, s.counted(), [3]string{"2", "0", "0"})
}

func TestSubscriptionRawTakesTenAttributes(t *testing.T) {
	s := newSquare(t, nil)
	dead := s.create(s.name+"-dead", nil)
	sub := s.plain(with(raw, "RedrivePolicy", deadLetters(s.arnOf(dead))))
	for _, n := range []int{10, 11} {
		given := values{}
		for at := range n {
			given[fmt.Sprintf("a%d", at)] = ofType("String", "x")
		}
		s.publish(fmt.Sprint(n), having(given)).must(t)
	}
	equal(t, bodies(s.receiveN(sub.queue, 1, 0)), []string{"10"})
	equal(t, bodies(s.receiveN(dead, 1, 0)), []string{"11"})
}
