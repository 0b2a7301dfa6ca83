package sdkgo

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// This file holds what the tests of topics ask and expect in the same words; the rest is in calls_test.go.

// snsClient is a client as a program on AWS has it, but for the endpoint; errors come at once, not after retries.
func snsClient(account string, more ...func(*sns.Options)) *sns.Client {
	return sns.New(sns.Options{
		BaseEndpoint:     aws.String(endpoint),
		Region:           "us-east-1",
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "any"}, nil
		}),
	}, more...)
}

// square is a place where something is published: an account with clients of both services, and a topic.
type square struct {
	place
	sns   *sns.Client
	topic *string
}

// newSquare is a place with one topic, which is FIFO if its attributes say so.
func newSquare(t *testing.T, given attributes) square {
	t.Helper()
	p := newPlace(t)
	return square{p, snsClient(p.account), nil}.another("", given)
}

// another is the same place with another topic.
func (s square) another(end string, given attributes) square {
	s.Helper()
	name := s.name + end
	if given["FifoTopic"] == "true" {
		name += ".fifo"
	}
	in := &sns.CreateTopicInput{Name: &name, Attributes: given}
	s.topic = of(s.sns.CreateTopic(s.Context(), in)).must(s).TopicArn
	return s
}

// outcome is what a call came back with.
type outcome[T any] struct {
	out T
	err error
}

func of[T any](out T, err error) outcome[T] { return outcome[T]{out, err} }

func (o outcome[T]) must(t testing.TB) T {
	t.Helper()
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.out
}

// refused demands this error, and that the SDK has a class for it.
func (o outcome[T]) refused(t testing.TB, class func(testing.TB, error), code string, status int, message string) {
	t.Helper()
	refused(t, o.err, code, status, message)
	class(t, o.err)
}

// invalid demands the error that most bad values have.
func (o outcome[T]) invalid(t testing.TB, message string) {
	t.Helper()
	o.refused(t, typed[*types.InvalidParameterException], "InvalidParameter", 400, message)
}

func asJSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed[T any](t testing.TB, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// subscription is a queue and the subscription that feeds it.
type subscription struct{ queue, queueArn, arn *string }

func (s square) subscribe(protocol, endpoint string, given attributes) outcome[*sns.SubscribeOutput] {
	return of(s.sns.Subscribe(s.Context(), &sns.SubscribeInput{
		TopicArn: s.topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: given, ReturnSubscriptionArn: true,
	}))
}

// addQueue makes a queue and subscribes it.
func (s square) addQueue(end string, queue, given attributes) subscription {
	s.Helper()
	url := s.create(s.name+end, queue)
	arn := s.arnOf(url)
	return subscription{url, arn, s.subscribe("sqs", *arn, given).must(s).SubscriptionArn}
}

// plain is a standard queue that is subscribed.
func (s square) plain(given attributes) subscription {
	s.Helper()
	return s.addQueue(fmt.Sprintf("-q%d", made.Add(1)), nil, given)
}

var raw = attributes{"RawMessageDelivery": "true"}

// with is a copy of some attributes with one more.
func with(given attributes, name, value string) attributes {
	all := attributes{name: value}
	for name, value := range given {
		all[name] = value
	}
	return all
}

func (s square) setTopic(name, value string) outcome[*sns.SetTopicAttributesOutput] {
	return of(s.sns.SetTopicAttributes(s.Context(), &sns.SetTopicAttributesInput{
		TopicArn: s.topic, AttributeName: &name, AttributeValue: &value,
	}))
}

func (s square) topicOf() attributes {
	s.Helper()
	in := &sns.GetTopicAttributesInput{TopicArn: s.topic}
	return of(s.sns.GetTopicAttributes(s.Context(), in)).must(s).Attributes
}

func (s square) setSubscription(arn *string, name, value string) outcome[*sns.SetSubscriptionAttributesOutput] {
	return of(s.sns.SetSubscriptionAttributes(s.Context(), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: arn, AttributeName: &name, AttributeValue: &value,
	}))
}

func (s square) subscriptionOf(arn *string) attributes {
	s.Helper()
	in := &sns.GetSubscriptionAttributesInput{SubscriptionArn: arn}
	return of(s.sns.GetSubscriptionAttributes(s.Context(), in)).must(s).Attributes
}

func (s square) unsubscribe(arn string) outcome[*sns.UnsubscribeOutput] {
	return of(s.sns.Unsubscribe(s.Context(), &sns.UnsubscribeInput{SubscriptionArn: &arn}))
}

// counted are the confirmed, pending and deleted subscriptions of the topic.
func (s square) counted() [3]string {
	s.Helper()
	seen := s.topicOf()
	return [3]string{seen["SubscriptionsConfirmed"], seen["SubscriptionsPending"], seen["SubscriptionsDeleted"]}
}

// publish publishes a text; `more` changes the request.
func (s square) publish(message string, more ...func(*sns.PublishInput)) outcome[*sns.PublishOutput] {
	in := &sns.PublishInput{TopicArn: s.topic, Message: &message}
	for _, change := range more {
		change(in)
	}
	return of(s.sns.Publish(s.Context(), in))
}

func subject(text string) func(*sns.PublishInput) {
	return func(in *sns.PublishInput) { in.Subject = &text }
}

func structured(in *sns.PublishInput) { in.MessageStructure = aws.String("json") }

func group(name string) func(*sns.PublishInput) {
	return func(in *sns.PublishInput) { in.MessageGroupId = &name }
}

func dedup(id string) func(*sns.PublishInput) {
	return func(in *sns.PublishInput) { in.MessageDeduplicationId = &id }
}

type values = map[string]types.MessageAttributeValue

func having(given values) func(*sns.PublishInput) {
	return func(in *sns.PublishInput) { in.MessageAttributes = given }
}

// ofType is an attribute of this type.
func ofType(kind, value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: &kind, StringValue: &value}
}

func bytesOf(value ...byte) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: value}
}

func kind(value string) func(*sns.PublishInput) {
	return having(values{"kind": ofType("String", value)})
}

// envelope is a notification.
type envelope struct {
	Type, MessageId, SequenceNumber, TopicArn, Subject, Message, Timestamp    string
	SignatureVersion, Signature, SigningCertURL, UnsubscribeURL, SubscribeURL string
	Token                                                                     string
	MessageAttributes                                                         map[string]struct{ Type, Value string }
	Replayed                                                                  any
}

// envelopes are the notifications that came to a queue, in the order in which they came.
func (s square) envelopes(queue *string, n int) []envelope {
	s.Helper()
	var found []envelope
	for _, message := range s.ordered(queue, n) {
		found = append(found, parsed[envelope](s, *message.Body))
	}
	return found
}

// ordered takes n messages out of a queue, each deleted as it comes so that its group goes on.
func (s square) ordered(queue *string, n int) []sqstypes.Message {
	s.Helper()
	var messages []sqstypes.Message
	for len(messages) < n {
		some := s.receive(queue, ask{most: 10, wait: 5})
		if len(some) == 0 {
			s.Fatalf("%d of %d messages came: %v", len(messages), n, bodies(messages))
		}
		s.delete(queue, some...)
		messages = append(messages, some...)
	}
	equal(s, len(messages), n)
	return messages
}

// keys are those of a JSON object in the order of its text, as AWS prints it: a line each.
func keys(text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?m)^  "(\w+)" : `).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}
