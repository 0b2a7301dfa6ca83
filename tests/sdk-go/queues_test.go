package sdkgo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func (p place) set(queue *string, given attributes) error {
	_, err := p.SetQueueAttributes(p.Context(), &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: given})
	return err
}

func (p place) tag(queue *string, tags map[string]string) {
	p.Helper()
	_, err := p.TagQueue(p.Context(), &sqs.TagQueueInput{QueueUrl: queue, Tags: tags})
	p.must(err)
}

func (p place) tagsOf(queue *string) map[string]string {
	p.Helper()
	out, err := p.ListQueueTags(p.Context(), &sqs.ListQueueTagsInput{QueueUrl: queue})
	p.must(err)
	return out.Tags
}

func (p place) addPermission(queue *string, label string, actions ...string) {
	p.Helper()
	_, err := p.AddPermission(p.Context(), &sqs.AddPermissionInput{
		QueueUrl: queue, Label: &label, Actions: actions, AWSAccountIds: []string{"111111111111"},
	})
	p.must(err)
}

func TestQueueAttributesOfANewOne(t *testing.T) {
	p, queue := newQueue(t, nil)
	seen := p.attributesOf(queue, types.QueueAttributeNameAll)
	for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
		equal(t, len(seen[name]), 10)
		delete(seen, name)
	}
	equal(t, seen, attributes{
		"QueueArn":                              "arn:aws:sqs:us-east-1:" + p.account + ":" + p.name,
		"ApproximateNumberOfMessages":           "0",
		"ApproximateNumberOfMessagesNotVisible": "0",
		"ApproximateNumberOfMessagesDelayed":    "0",
		"VisibilityTimeout":                     "30",
		"MaximumMessageSize":                    "1048576",
		"MessageRetentionPeriod":                "345600",
		"DelaySeconds":                          "0",
		"ReceiveMessageWaitTimeSeconds":         "0",
		"SqsManagedSseEnabled":                  "true",
	})
}

func TestQueueSettingIsAllOrNothing(t *testing.T) {
	p, queue := newQueue(t, nil)
	err := p.set(queue, attributes{"DelaySeconds": "5", "VisibilityTimeout": "43201"})
	refused(t, err, "InvalidAttributeValue", 400, "Invalid value for the parameter VisibilityTimeout.…")
	typed[*types.InvalidAttributeValue](t, err)
	err = p.set(queue, attributes{"DelaySeconds": "5", "Nope": "1"})
	refused(t, err, "InvalidAttributeName", 400, "Unknown Attribute Nope.")
	typed[*types.InvalidAttributeName](t, err)
	equal(t, p.attributesOf(queue, "DelaySeconds"), attributes{"DelaySeconds": "0"})
	equal(t, len(p.attributesOf(queue)), 0)
}

func TestQueueCreatedAgain(t *testing.T) {
	p, queue := newQueue(t, attributes{"VisibilityTimeout": "40"})
	equal(t, *p.create(p.name, attributes{"VisibilityTimeout": "40", "DelaySeconds": "0"}), *queue)
	in := &sqs.CreateQueueInput{QueueName: &p.name, Attributes: attributes{"VisibilityTimeout": "41"}}
	_, err := p.CreateQueue(t.Context(), in)
	typed[*types.QueueNameExists](t, err)
	refused(t, err, "QueueAlreadyExists", 400,
		"A queue already exists with the same name and a different value for attribute VisibilityTimeout")
}

func TestQueueEncryptionAttributes(t *testing.T) {
	p, queue := newQueue(t, nil)
	names := []types.QueueAttributeName{"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}
	p.must(p.set(queue, attributes{"KmsMasterKeyId": "alias/aws/sqs"}))
	equal(t, p.attributesOf(queue, names...), attributes{
		"KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "300", "SqsManagedSseEnabled": "false",
	})
	refused(t, p.set(queue, attributes{"SqsManagedSseEnabled": "true"}), "InvalidAttributeName", 400,
		"You can use one type of server-side encryption (SSE) at one time. "+
			"You can either enable KMS SSE or SQS SSE.")
	p.must(p.set(queue, attributes{"KmsMasterKeyId": ""}))
	equal(t, p.attributesOf(queue, names...), attributes{"SqsManagedSseEnabled": "false"})
}

func TestQueueUrls(t *testing.T) {
	p, queue := newQueue(t, nil)
	path := p.account + "/" + p.name
	equal(t, *queue, endpoint+"/"+path)
	urls := []string{
		*queue,
		"https://sqs.us-east-1.amazonaws.com/" + path,
		"https://queue.amazonaws.com/" + path,
		"http://elsewhere.example:1/some/prefix/" + path,
		p.name,
	}
	for _, url := range urls {
		p.send(&url, url)
		equal(t, bodies(p.receive(queue, ask{most: 1})), []string{url})
	}
	other := sqs.New(p.Options(), func(o *sqs.Options) {
		o.BaseEndpoint = aws.String(strings.Replace(endpoint, "127.0.0.1", "localhost", 1))
	})
	out, err := other.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &p.name})
	p.must(err)
	equal(t, *out.QueueUrl, strings.Replace(*queue, "127.0.0.1", "localhost", 1))
}

func TestQueueRegionsAndAccountsAreApart(t *testing.T) {
	p, queue := newQueue(t, nil)
	abroad := place{t, client(p.account, "eu-central-1"), p.account, p.name}
	stranger := place{t, client("499999999999", "us-east-1"), "499999999999", p.name}
	for _, other := range []place{abroad, stranger} {
		_, err := other.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &p.name})
		refused(t, err, long("NonExistentQueue"), 400, "The specified queue does not exist.")
		typed[*types.QueueDoesNotExist](t, err)
	}
	equal(t, *abroad.arnOf(abroad.create(p.name, nil)), "arn:aws:sqs:eu-central-1:"+p.account+":"+p.name)
	equal(t, *p.arnOf(queue), "arn:aws:sqs:us-east-1:"+p.account+":"+p.name)
}

func TestQueuePages(t *testing.T) {
	p := newPlace(t)
	names := numbered("page-", 7)
	for _, name := range append(names, "other") {
		p.create(name, nil)
	}
	in := &sqs.ListQueuesInput{QueueNamePrefix: aws.String("page-"), MaxResults: aws.Int32(3)}
	pages := sqs.NewListQueuesPaginator(p.Client, in)
	var seen []string
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		p.must(err)
		sizes = append(sizes, len(page.QueueUrls))
		for _, url := range page.QueueUrls {
			seen = append(seen, url[strings.LastIndex(url, "/")+1:])
		}
	}
	equal(t, sizes, []int{3, 3, 1})
	equal(t, sorted(seen), names)
}

func TestQueueTags(t *testing.T) {
	p, queue := newQueue(t, nil)
	p.tag(queue, map[string]string{"team": "a", "path/x": "v=1 +2"})
	p.tag(queue, map[string]string{"team": "b"})
	equal(t, p.tagsOf(queue), map[string]string{"team": "b", "path/x": "v=1 +2"})
	many := map[string]string{}
	for _, key := range numbered("k", 49) {
		many[key] = "v"
	}
	for _, tags := range []map[string]string{many, {"aws:x": "v"}} {
		if _, err := p.TagQueue(t.Context(), &sqs.TagQueueInput{QueueUrl: queue, Tags: tags}); err == nil {
			t.Fatalf("%d tags more were taken", len(tags))
		}
	}
}

func TestQueuePolicy(t *testing.T) {
	p, queue := newQueue(t, nil)
	policy := `{"Version":"2012-10-17","Statement":[{"Resource":"*","Effect":"Allow","Principal":"*",` +
		`"Action":"sqs:SendMessage","Sid":"z"}]}`
	p.must(p.set(queue, attributes{"Policy": policy}))
	equal(t, p.attributesOf(queue, "Policy"), attributes{"Policy": policy})
	p.must(p.set(queue, attributes{"Policy": ""}))
	equal(t, len(p.attributesOf(queue, "Policy")), 0)
	err := p.set(queue, attributes{"Policy": "no policy"})
	refused(t, err, "InvalidAttributeValue", 400, "Invalid value for the parameter Policy.…")
}

func TestQueuePermissions(t *testing.T) {
	p, queue := newQueue(t, nil)
	arn := *p.arnOf(queue)
	p.addPermission(queue, "one", "SendMessage")
	p.addPermission(queue, "two", "ReceiveMessage", "DeleteMessage")
	var policy map[string]any
	p.must(json.Unmarshal([]byte(p.attributesOf(queue, "Policy")["Policy"]), &policy))
	equal(t, policy["Id"], any(arn+"/SQSDefaultPolicy"))
	statement := func(label string, action any) any {
		return map[string]any{
			"Sid": label, "Effect": "Allow", "Action": action, "Resource": arn,
			"Principal": map[string]any{"AWS": "arn:aws:iam::111111111111:root"},
		}
	}
	two := []any{"SQS:ReceiveMessage", "SQS:DeleteMessage"}
	equal(t, policy["Statement"], any([]any{statement("one", "SQS:SendMessage"), statement("two", two)}))

	add := func(label string, actions ...string) error {
		in := &sqs.AddPermissionInput{QueueUrl: queue, Label: &label, Actions: actions}
		in.AWSAccountIds = []string{"111111111111"}
		_, err := p.AddPermission(t.Context(), in)
		return err
	}
	refused(t, add("one", "SendMessage"), "InvalidParameterValue", 400,
		"Value one for parameter Label is invalid. Reason: Already exists.")
	err := add("many", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility",
		"GetQueueAttributes", "GetQueueUrl", "PurgeQueue", "ListDeadLetterSourceQueues")
	typed[*types.OverLimit](t, err)
	refused(t, err, "OverLimit", 403, "8 Actions were found, maximum allowed is 7.")
	_, err = p.RemovePermission(t.Context(), &sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("three")})
	refused(t, err, "InvalidParameterValue", 400,
		"Value three for parameter Label is invalid. Reason: can't find label.")
}
