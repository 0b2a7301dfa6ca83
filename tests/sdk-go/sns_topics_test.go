package sdkgo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func (s square) createTopic(name string, given attributes, tags ...types.Tag) outcome[*sns.CreateTopicOutput] {
	return of(s.sns.CreateTopic(s.Context(), &sns.CreateTopicInput{Name: &name, Attributes: given, Tags: tags}))
}

func (s square) deleteTopic() outcome[*sns.DeleteTopicOutput] {
	return of(s.sns.DeleteTopic(s.Context(), &sns.DeleteTopicInput{TopicArn: s.topic}))
}

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

// gone demands that the topic is not there.
func gone(t testing.TB, err error) {
	t.Helper()
	refused(t, err, "NotFound", 404, "Topic does not exist")
	typed[*types.NotFoundException](t, err)
}

func TestTopicCreatedAgain(t *testing.T) {
	s := newSquare(t, attributes{"DisplayName": "News"})
	equal(t, *s.topic, "arn:aws:sns:us-east-1:"+s.account+":"+s.name)
	for _, given := range []attributes{nil, {"DisplayName": "News"}, {"FifoTopic": "false"}} {
		equal(t, *s.createTopic(s.name, given).must(t).TopicArn, *s.topic)
	}
	exists := "Topic already exists with different "
	for _, given := range []attributes{{"DisplayName": "Other"}, {"SignatureVersion": "2"}} {
		s.createTopic(s.name, given).invalid(t, "Invalid parameter: Attributes Reason: "+exists+"attributes")
	}
	s.createTopic(s.name, nil, tag("a", "1")).invalid(t, "Invalid parameter: Tags Reason: "+exists+"tags")
}

func TestTopicAttributes(t *testing.T) {
	s := newSquare(t, nil)
	seen := s.topicOf()
	equal(t, strings.Contains(seen["Policy"], `"Resource":"`+*s.topic+`"`), true)
	equal(t, strings.Contains(seen["EffectiveDeliveryPolicy"], `"numRetries":3`), true)
	delete(seen, "Policy")
	delete(seen, "EffectiveDeliveryPolicy")
	equal(t, seen, attributes{
		"TopicArn": *s.topic, "Owner": s.account, "DisplayName": "",
		"SubscriptionsConfirmed": "0", "SubscriptionsPending": "0", "SubscriptionsDeleted": "0",
	})
	wanted := attributes{
		"DisplayName": "Ünïcode", "KmsMasterKeyId": "alias/aws/sns", "TracingConfig": "Active",
		"SignatureVersion": "2", "MaximumMessageSize": "2048",
		"LambdaFailureFeedbackRoleArn": "arn:aws:iam::123456789012:role/feedback",
	}
	for name, value := range wanted {
		s.setTopic(name, value).must(t)
	}
	seen = s.topicOf()
	for name, value := range wanted {
		equal(t, seen[name], value)
	}
	s.setTopic("Colour", "red").invalid(t, "Invalid parameter: AttributeName")
	s.setTopic("FifoTopic", "true").invalid(t, "Invalid parameter: AttributeName")
	s.setTopic("SignatureVersion", "3").invalid(t, "Invalid parameter: …")
	s.setTopic("MaximumMessageSize", "1048577").invalid(t, "Invalid parameter: …")
}

func TestTopicDeliveryPolicy(t *testing.T) {
	s := newSquare(t, nil)
	retries := func(text string) string { return `{"http":{"defaultHealthyRetryPolicy":{` + text + `}}}` }
	s.setTopic("DeliveryPolicy", retries(`"numRetries":5,"maxDelayTarget":4,"minDelayTarget":1`)).must(t)
	seen := s.topicOf()
	equal(t, seen["DeliveryPolicy"], `{"http":{"defaultHealthyRetryPolicy":`+
		`{"minDelayTarget":1,"maxDelayTarget":4,"numRetries":5},"disableSubscriptionOverrides":false}}`)
	equal(t, seen["EffectiveDeliveryPolicy"], `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,`+
		`"maxDelayTarget":4,"numRetries":5,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,`+
		`"backoffFunction":"linear"},"disableSubscriptionOverrides":false,`+
		`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`)
	for _, bad := range []string{
		"no json", retries(`"numRetries":101`), retries(`"minDelayTarget":5,"maxDelayTarget":4`),
		retries(`"numRetries":1,"numNoDelayRetries":2`), retries(`"backoffFunction":"random"`), `{"http":{"x":1}}`,
	} {
		s.setTopic("DeliveryPolicy", bad).invalid(t, "Invalid parameter: …")
	}
}

func TestTopicPermissions(t *testing.T) {
	s := newSquare(t, nil)
	add := func(label, action string, accounts ...string) outcome[*sns.AddPermissionOutput] {
		return of(s.sns.AddPermission(t.Context(), &sns.AddPermissionInput{
			TopicArn: s.topic, Label: &label, AWSAccountId: accounts, ActionName: []string{action},
		}))
	}
	add("l", "Publish", "111111111111").must(t)
	wanted := `{"Sid":"l","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` +
		`"Action":"SNS:Publish","Resource":"` + *s.topic + `"}]}`
	equal(t, strings.HasSuffix(s.topicOf()["Policy"], wanted), true)
	add("l", "Publish", "111111111111").invalid(t, "Invalid parameter: Statement already exists")
	add("m", "Fly", "111111111111").invalid(t, "Invalid parameter: Policy statement action out of service scope!")
	for _, label := range []string{"l", "unknown"} {
		in := &sns.RemovePermissionInput{TopicArn: s.topic, Label: &label}
		of(s.sns.RemovePermission(t.Context(), in)).must(t)
	}
	equal(t, strings.Contains(s.topicOf()["Policy"], `"Sid":"l"`), false)
}

func TestTopicDataProtectionPolicy(t *testing.T) {
	s := newSquare(t, nil)
	policy := `{ "Name": "p", "Version": "2021-06-01", "Statement": [ { "DataDirection": "Inbound", ` +
		`"Principal": ["*"], "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], ` +
		`"Operation": { "Deny": {} } } ] }`
	put := &sns.PutDataProtectionPolicyInput{ResourceArn: s.topic, DataProtectionPolicy: &policy}
	of(s.sns.PutDataProtectionPolicy(t.Context(), put)).must(t)
	get := &sns.GetDataProtectionPolicyInput{ResourceArn: s.topic}
	equal(t, *of(s.sns.GetDataProtectionPolicy(t.Context(), get)).must(t).DataProtectionPolicy, policy)
	_, shown := s.topicOf()["DataProtectionPolicy"]
	equal(t, shown, false)
	put.DataProtectionPolicy = aws.String("no policy")
	of(s.sns.PutDataProtectionPolicy(t.Context(), put)).invalid(t, "Invalid parameter: …")
}

func TestTopicTags(t *testing.T) {
	s := newSquare(t, nil)
	put := func(tags ...types.Tag) outcome[*sns.TagResourceOutput] {
		return of(s.sns.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: s.topic, Tags: tags}))
	}
	list := func() map[string]string {
		in := &sns.ListTagsForResourceInput{ResourceArn: s.topic}
		found := map[string]string{}
		for _, tag := range of(s.sns.ListTagsForResource(t.Context(), in)).must(t).Tags {
			found[*tag.Key] = *tag.Value
		}
		return found
	}
	put(tag("a", "1"), tag("ü", "")).must(t)
	put(tag("a", "2")).must(t)
	equal(t, list(), map[string]string{"a": "2", "ü": ""})
	put(tag("x", "1"), tag("x", "2")).invalid(t, "Invalid parameter: Duplicated keys are not allowed.")
	remove := &sns.UntagResourceInput{ResourceArn: s.topic, TagKeys: []string{"a", "unknown"}}
	of(s.sns.UntagResource(t.Context(), remove)).must(t)
	equal(t, list(), map[string]string{"ü": ""})
	var many []types.Tag
	for n := range 50 {
		many = append(many, tag(fmt.Sprint(n), "v"))
	}
	put(many...).refused(t, typed[*types.TagLimitExceededException], "TagLimitExceeded", 400, "…")
	s.topic = aws.String(*s.topic + "-not")
	put(tag("a", "1")).refused(t, typed[*types.ResourceNotFoundException], "ResourceNotFound", 404, "…")
}

func TestTopicsAreListedAHundredAtATime(t *testing.T) {
	s := newSquare(t, nil)
	wanted := []string{*s.topic}
	for n := range 104 {
		wanted = append(wanted, *s.createTopic(fmt.Sprintf("%s-%d", s.name, n), nil).must(t).TopicArn)
	}
	var seen []string
	var sizes []int
	for pages := sns.NewListTopicsPaginator(s.sns, &sns.ListTopicsInput{}); pages.HasMorePages(); {
		page := of(pages.NextPage(t.Context())).must(t)
		sizes = append(sizes, len(page.Topics))
		for _, topic := range page.Topics {
			seen = append(seen, *topic.TopicArn)
		}
	}
	equal(t, sizes, []int{100, 5})
	slices.Sort(wanted)
	equal(t, sorted(seen), wanted)
}

func TestTopicDeleted(t *testing.T) {
	s := newSquare(t, nil)
	queue := s.plain(nil)
	for range 2 {
		s.deleteTopic().must(t)
	}
	gone(t, s.publish("x").err)
	gone(t, s.setTopic("DisplayName", "x").err)
	gone(t, s.subscribe("sqs", *queue.queueArn, nil).err)
	equal(t, *s.createTopic(s.name, nil).must(t).TopicArn, *s.topic)
	equal(t, s.counted(), [3]string{"0", "0", "0"})
}

func TestTopicWithAnArchiveIsNotDeleted(t *testing.T) {
	s := newSquare(t, attributes{"FifoTopic": "true", "ArchivePolicy": `{"MessageRetentionPeriod":"1"}`})
	s.deleteTopic().refused(t, typed[*types.InvalidStateException], "InvalidState", 400, "…")
	s.setTopic("ArchivePolicy", "{}").must(t)
	s.deleteTopic().must(t)
}

func TestTopicNamesAndArns(t *testing.T) {
	s := newSquare(t, nil)
	for _, name := range []string{"with space", "dot.ted", strings.Repeat("x", 257), "x.fifo"} {
		s.createTopic(name, nil).invalid(t, "Invalid parameter: Topic Name")
	}
	s.createTopic("x", attributes{"FifoTopic": "true"}).invalid(t, "Invalid parameter: Topic Name")
	for arn, message := range map[string]string{
		"x":         "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
		"arn:aws:x": "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 3",
		strings.Replace(*s.topic, "us-east-1", "eu-west-1", 1): "Invalid parameter: TopicArn",
	} {
		in := &sns.GetTopicAttributesInput{TopicArn: &arn}
		of(s.sns.GetTopicAttributes(t.Context(), in)).invalid(t, message)
	}
}
