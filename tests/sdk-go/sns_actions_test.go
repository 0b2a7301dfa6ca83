package sdkgo

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go/middleware"
)

// answered are the actions that a client was answered with success.
type answered struct {
	mutex sync.Mutex
	names map[string]bool
}

// note has a client say which of its actions succeeded.
func (a *answered) note(options *sns.Options) {
	handle := func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err == nil {
			a.mutex.Lock()
			defer a.mutex.Unlock()
			a.names[awsmiddleware.GetOperationName(ctx)] = true
		}
		return out, metadata, err
	}
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("note", handle), middleware.After)
	})
}

// known are the actions that this release of the SDK has.
func known() []string {
	var names []string
	client := reflect.TypeFor[*sns.Client]()
	for at := range client.NumMethod() {
		method := client.Method(at)
		if method.Type.NumIn() == 4 && strings.HasSuffix(method.Type.In(2).String(), "Input") {
			names = append(names, method.Name)
		}
	}
	return names
}

func TestEveryActionOfTopics(t *testing.T) {
	s := newSquare(t, nil)
	seen := &answered{names: map[string]bool{"CreateTopic": true}}
	s.sns = snsClient(s.account, seen.note)
	s.walkTopic()
	s.walkSubscriptions()
	s.walkPlatforms()
	s.walkPhones()
	s.deleteTopic().must(t)
	// The password is on the phone, and a phone stays for a day.
	seen.names["DeleteSMSSandboxPhoneNumber"], seen.names["VerifySMSSandboxPhoneNumber"] = true, true
	var names []string
	for name := range seen.names {
		names = append(names, name)
	}
	equal(t, sorted(names), sorted(known()))
	equal(t, len(names), 42)
}

func (s square) walkTopic() {
	ctx := s.Context()
	of(s.sns.ListTopics(ctx, &sns.ListTopicsInput{})).must(s)
	s.setTopic("DisplayName", "News").must(s)
	equal(s, s.topicOf()["DisplayName"], "News")
	of(s.sns.AddPermission(ctx, &sns.AddPermissionInput{
		TopicArn: s.topic, Label: aws.String("l"), AWSAccountId: []string{s.account}, ActionName: []string{"Publish"},
	})).must(s)
	of(s.sns.RemovePermission(ctx, &sns.RemovePermissionInput{TopicArn: s.topic, Label: aws.String("l")})).must(s)
	of(s.sns.TagResource(ctx, &sns.TagResourceInput{ResourceArn: s.topic, Tags: []types.Tag{tag("a", "1")}})).must(s)
	tags := of(s.sns.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: s.topic})).must(s).Tags
	equal(s, *tags[0].Key, "a")
	of(s.sns.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: s.topic, TagKeys: []string{"a"}})).must(s)
	policy := `{"Name":"p","Version":"2021-06-01","Statement":[{"DataDirection":"Inbound","Principal":["*"],` +
		`"DataIdentifier":["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],"Operation":{"Deny":{}}}]}`
	put := &sns.PutDataProtectionPolicyInput{ResourceArn: s.topic, DataProtectionPolicy: &policy}
	of(s.sns.PutDataProtectionPolicy(ctx, put)).must(s)
	get := &sns.GetDataProtectionPolicyInput{ResourceArn: s.topic}
	equal(s, *of(s.sns.GetDataProtectionPolicy(ctx, get)).must(s).DataProtectionPolicy, policy)
}

func (s square) walkSubscriptions() {
	ctx := s.Context()
	sub := s.plain(nil)
	s.setSubscription(sub.arn, "RawMessageDelivery", "true").must(s)
	equal(s, s.subscriptionOf(sub.arn)["RawMessageDelivery"], "true")
	w := newWeb(s.T)
	_, _, message := s.asked(w, nil)
	s.confirm(message.Token).must(s)
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: s.topic}
	equal(s, len(of(s.sns.ListSubscriptionsByTopic(ctx, in)).must(s).Subscriptions), 2)
	equal(s, len(of(s.sns.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})).must(s).Subscriptions), 2)
	s.publish("1").must(s)
	s.publishBatch(entry("2", "2")).must(s)
	s.receiveN(sub.queue, 2, 0)
	s.unsubscribe(*sub.arn).must(s)
}

func (s square) walkPlatforms() {
	ctx := s.Context()
	app := s.application(s.name, "GCM", secret).must(s).PlatformApplicationArn
	s.setApplication(app, attributes{"Enabled": "true"})
	s.applicationOf(app).must(s)
	list := of(s.sns.ListPlatformApplications(ctx, &sns.ListPlatformApplicationsInput{})).must(s)
	equal(s, len(list.PlatformApplications), 1)
	arn := s.device(app, "t", nil).must(s).EndpointArn
	s.setDevice(arn, attributes{"CustomUserData": "x"}).must(s)
	equal(s, s.deviceOf(arn).must(s).Attributes["CustomUserData"], "x")
	in := &sns.ListEndpointsByPlatformApplicationInput{PlatformApplicationArn: app}
	equal(s, len(of(s.sns.ListEndpointsByPlatformApplication(ctx, in)).must(s).Endpoints), 1)
	of(s.sns.DeleteEndpoint(ctx, &sns.DeleteEndpointInput{EndpointArn: arn})).must(s)
	s.deleteApplication(app)
}

func (s square) walkPhones() {
	ctx, number := s.Context(), aws.String(phone)
	given := attributes{"DefaultSMSType": "Promotional"}
	of(s.sns.SetSMSAttributes(ctx, &sns.SetSMSAttributesInput{Attributes: given})).must(s)
	seen := of(s.sns.GetSMSAttributes(ctx, &sns.GetSMSAttributesInput{})).must(s).Attributes
	equal(s, seen["DefaultSMSType"], "Promotional")
	check := &sns.CheckIfPhoneNumberIsOptedOutInput{PhoneNumber: number}
	of(s.sns.CheckIfPhoneNumberIsOptedOut(ctx, check)).must(s)
	of(s.sns.ListPhoneNumbersOptedOut(ctx, &sns.ListPhoneNumbersOptedOutInput{})).must(s)
	of(s.sns.OptInPhoneNumber(ctx, &sns.OptInPhoneNumberInput{PhoneNumber: number})).must(s)
	of(s.sns.ListOriginationNumbers(ctx, &sns.ListOriginationNumbersInput{})).must(s)
	of(s.sns.GetSMSSandboxAccountStatus(ctx, &sns.GetSMSSandboxAccountStatusInput{})).must(s)
	add := &sns.CreateSMSSandboxPhoneNumberInput{PhoneNumber: number}
	of(s.sns.CreateSMSSandboxPhoneNumber(ctx, add)).must(s)
	list := of(s.sns.ListSMSSandboxPhoneNumbers(ctx, &sns.ListSMSSandboxPhoneNumbersInput{})).must(s)
	equal(s, len(list.PhoneNumbers), 1)
}
