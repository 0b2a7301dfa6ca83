package sdkgo

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// atOnce is a delivery policy: that many retries, without a pause.
func atOnce(retries int) string {
	return fmt.Sprintf(`{"healthyRetryPolicy":{"numRetries":%[1]d,"numNoDelayRetries":%[1]d}}`, retries)
}

func (s square) confirm(token string) outcome[*sns.ConfirmSubscriptionOutput] {
	return of(s.sns.ConfirmSubscription(s.Context(), &sns.ConfirmSubscriptionInput{
		TopicArn: s.topic, Token: &token, AuthenticateOnUnsubscribe: aws.String("true"),
	}))
}

func TestHTTPConfirmation(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		t.Run(version, func(t *testing.T) {
			s := newSquare(t, attributes{"SignatureVersion": version})
			w := newWeb(t)
			_, request, message := s.asked(w, nil)
			equal(t, request.host, strings.TrimPrefix(w.URL, "http://"))
			headers(t, request, map[string]string{
				kindHeader: subscribing, "X-Amz-Sns-Message-Id": message.MessageId,
				"X-Amz-Sns-Topic-Arn": *s.topic, "Content-Type": plainText,
			})
			equal(t, keys(request.text), []string{
				"Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
				"Signature", "SigningCertURL",
			})
			equal(t, message.Message, "You have chosen to subscribe to the topic "+*s.topic+".\n"+confirmMessage)
			link := "/?Action=ConfirmSubscription&TopicArn=" + *s.topic + "&Token=" + message.Token
			equal(t, message.SubscribeURL, endpoint+link)
			equal(t, message.SignatureVersion, version)
			verified(t, message)
		})
	}
}

func TestHTTPPendingUntilTheLinkIsVisited(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	arn, _, message := s.asked(w, nil)
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: s.topic}
	listed := of(s.sns.ListSubscriptionsByTopic(t.Context(), in)).must(t).Subscriptions
	equal(t, *listed[0].SubscriptionArn, "PendingConfirmation")
	equal(t, s.counted(), [3]string{"0", "1", "0"})
	equal(t, s.subscriptionOf(arn)["PendingConfirmation"], "true")
	again := &sns.SubscribeInput{TopicArn: s.topic, Protocol: aws.String("http"), Endpoint: aws.String(w.URL + "/in")}
	equal(t, *of(s.sns.Subscribe(t.Context(), again)).must(t).SubscriptionArn, "pending confirmation")
	s.unsubscribe(*arn).invalid(t, "Invalid parameter: …")
	s.publish("too early").must(t)
	for range 2 {
		status, page := visit(t, message.SubscribeURL)
		equal(t, status, http.StatusOK)
		equal(t, strings.Contains(page, "<SubscriptionArn>"+*arn+"</SubscriptionArn>"), true)
	}
	equal(t, s.subscriptionOf(arn)["ConfirmationWasAuthenticated"], "false")
	equal(t, s.counted(), [3]string{"1", "0", "0"})
	s.publish("in time").must(t)
	equal(t, parsed[envelope](t, w.wait(s, 1, notification)[0].text).Message, "in time")
}

func TestHTTPConfirmedByACall(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	arn, _, message := s.asked(w, nil)
	s.confirm("randomtoken").invalid(t, "Invalid token")
	unknown := strings.Repeat("0", len(message.Token)-8)
	s.confirm(message.Token[:8]+unknown).invalid(t, "Invalid parameter: Token")
	for range 2 {
		equal(t, *s.confirm(message.Token).must(t).SubscriptionArn, *arn)
	}
	equal(t, s.subscriptionOf(arn)["ConfirmationWasAuthenticated"], "true")
}

func TestHTTPNotification(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		t.Run(version, func(t *testing.T) {
			s, w := newSquare(t, attributes{"SignatureVersion": version}), newWeb(t)
			arn := s.confirmed(w, nil)
			sent := s.publish("Grüße\n🚀", subject("s"), kind("v")).must(t)
			request := w.wait(s, 1, notification)[0]
			headers(t, request, map[string]string{
				kindHeader: notification, "X-Amz-Sns-Message-Id": *sent.MessageId, "X-Amz-Sns-Topic-Arn": *s.topic,
				"X-Amz-Sns-Subscription-Arn": *arn, "Content-Type": plainText,
			})
			message := parsed[envelope](t, request.text)
			equal(t, []string{message.MessageId, message.Message, message.Subject},
				[]string{*sent.MessageId, "Grüße\n🚀", "s"})
			equal(t, message.MessageAttributes["kind"].Value, "v")
			equal(t, message.SignatureVersion, version)
			verified(t, message)
		})
	}
}

func TestHTTPRaw(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	policy := `{"requestPolicy":{"headerContentType":"text/csv"}}`
	arn := s.confirmed(w, with(raw, "DeliveryPolicy", policy))
	sent := s.publish("a;ü", kind("v")).must(t)
	request := w.wait(s, 1, notification)[0]
	equal(t, request.text, "a;ü")
	headers(t, request, map[string]string{
		kindHeader: notification, "X-Amz-Sns-Message-Id": *sent.MessageId, "X-Amz-Sns-Topic-Arn": *s.topic,
		"X-Amz-Sns-Subscription-Arn": *arn, "Content-Type": "text/csv", "X-Amz-Sns-Rawdelivery": "true",
	})
}

func TestHTTPFiltersAndStructures(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	s.confirmed(w, with(raw, "FilterPolicy", `{"kind":["a"]}`))
	for _, name := range []string{"b", "a"} {
		s.publish(`{"default":"d","http":"h","https":"s"}`, structured, kind(name)).must(t)
	}
	equal(t, w.wait(s, 1, notification)[0].text, "h")
}

func TestHTTPRetries(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	s.confirmed(w, attributes{"DeliveryPolicy": atOnce(4)})
	w.answer(200, 500, 503, 429)
	sent := s.publish("x").must(t)
	for _, request := range w.wait(s, 4, notification) {
		equal(t, request.header.Get("X-Amz-Sns-Message-Id"), *sent.MessageId)
		equal(t, parsed[envelope](t, request.text).Message, "x")
	}
}

func TestHTTPPauses(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	policy := `{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":2}}`
	s.confirmed(w, attributes{"DeliveryPolicy": policy})
	w.answer(200, 500, 500)
	s.publish("x").must(t)
	requests := w.wait(s, 3, notification)
	for at := range 2 {
		pause := requests[at+1].at.Sub(requests[at].at)
		equal(t, pause > 850*time.Millisecond && pause < 4*time.Second, true)
	}
}

func TestHTTPDeadLetters(t *testing.T) {
	for status, attempts := range map[int]int{500: 3, 404: 1, 302: 1} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s, w := newSquare(t, nil), newWeb(t)
			dead := s.create(s.name+"-dead", nil)
			given := attributes{"DeliveryPolicy": atOnce(2), "RedrivePolicy": deadLetters(s.arnOf(dead))}
			s.confirmed(w, given)
			w.answer(status)
			s.publish("lost", kind("v")).must(t)
			letter := s.receiveN(dead, 1, 0)[0]
			requests := w.wait(s, attempts, notification)
			equal(t, *letter.Body, requests[attempts-1].text)
			equal(t, len(letter.MessageAttributes), 0)
			w.answer(200)
			s.publish("next").must(t)
			w.wait(s, attempts+1, notification)
		})
	}
}

func TestHTTPFailingDoesNotHoldUpOthers(t *testing.T) {
	s, ill, well := newSquare(t, nil), newWeb(t), newWeb(t)
	s.confirmed(ill, attributes{"DeliveryPolicy": atOnce(0)})
	s.confirmed(well, nil)
	ill.answer(500)
	for n := range 5 {
		s.publish(fmt.Sprint(n)).must(t)
	}
	well.wait(s, 5, notification)
}

func TestHTTPEffectivePolicy(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	arn := s.confirmed(w, nil)
	shown := func() string { return s.subscriptionOf(arn)["EffectiveDeliveryPolicy"] }
	equal(t, strings.Contains(shown(), `"numRetries":3`), true)
	s.setTopic("DeliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}}`).must(t)
	equal(t, strings.Contains(shown(), `"numRetries":5`), true)
	s.setSubscription(arn, "DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":0}}`).must(t)
	equal(t, strings.Contains(shown(), `"numRetries":0`), true)
	s.setTopic("DeliveryPolicy",
		`{"http":{"defaultHealthyRetryPolicy":{"numRetries":5},"disableSubscriptionOverrides":true}}`).must(t)
	equal(t, strings.Contains(shown(), `"numRetries":5`), true)
	s.setSubscription(arn, "DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":101}}`).invalid(t,
		"Invalid parameter: …")
}

func TestHTTPUnsubscribeLink(t *testing.T) {
	s, w := newSquare(t, nil), newWeb(t)
	arn := s.confirmed(w, nil)
	s.publish("one").must(t)
	link := parsed[envelope](t, w.wait(s, 1, notification)[0].text).UnsubscribeURL
	status, page := visit(t, link)
	equal(t, status, http.StatusOK)
	equal(t, strings.Contains(page, "<UnsubscribeResponse "), true)
	request := w.wait(s, 1, unsubscribing)[0]
	equal(t, request.header.Get("X-Amz-Sns-Subscription-Arn"), *arn)
	message := parsed[envelope](t, request.text)
	verified(t, message)
	s.publish("between").must(t)
	status, _ = visit(t, message.SubscribeURL)
	equal(t, status, http.StatusOK)
	s.publish("two").must(t)
	equal(t, parsed[envelope](t, w.wait(s, 2, notification)[1].text).Message, "two")
}
