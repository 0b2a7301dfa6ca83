package sdkgo

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestMessageBodies(t *testing.T) {
	p, queue := newQueue(t, nil)
	list := []string{
		"x",
		"tab\tline\nreturn\r\u0020\ud7ff\ue000\ufffd\U00010000\U0010ffff ß 日本 🛵",
		`<a href="x">&amp;</a> \ {"json":["\u0041"]} %20 +`,
		strings.Repeat("m", 1<<20),
	}
	for _, body := range list {
		// The SDK compares the digests of bodies by itself, here and in every other test.
		sent := p.send(queue, body)
		sum := md5.Sum([]byte(body))
		equal(t, *sent.MD5OfMessageBody, hex.EncodeToString(sum[:]))
		message := p.receiveN(queue, 1, 0)[0]
		equal(t, *message.Body == body, true)
		equal(t, *message.MessageId, *sent.MessageId)
	}
}

func TestMessageAttributes(t *testing.T) {
	p, queue := newQueue(t, nil)
	given := map[string]types.MessageAttributeValue{
		"String":     text("välue"),
		"Number.int": {DataType: aws.String("Number.int"), StringValue: aws.String("0042")},
		"Binary-1":   {DataType: aws.String("Binary.png"), BinaryValue: []byte{0, 255, 10, 13}},
	}
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x"), MessageAttributes: given}
	sent, err := p.SendMessage(t.Context(), in)
	p.must(err)
	message := p.receiveN(queue, 1, 0)[0]
	equal(t, message.MessageAttributes, given)
	equal(t, *message.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
}

func TestMessageAttributeDigests(t *testing.T) {
	number := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: &value}
	}
	binary := []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")
	recorded := map[string]map[string]types.MessageAttributeValue{
		"a311262e065454b75da111d535b8dacd": {"Hello": text("There")},
		"4c360f3fdafd970e05fae2f149d997f5": {"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")},
		"9b720b3af309c1c4b0d395c53b08c502": {"attr1": number("99.12"), "attr2": number("109.12")},
		"8cbe4db156db8a94db8b801b7addb984": {"attr1": {DataType: aws.String("Binary"), BinaryValue: binary}},
	}
	p, queue := newQueue(t, nil)
	for digest, given := range recorded {
		in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x"), MessageAttributes: given}
		sent, err := p.SendMessage(t.Context(), in)
		p.must(err)
		equal(t, *sent.MD5OfMessageAttributes, digest)
		equal(t, *p.receiveN(queue, 1, 0)[0].MD5OfMessageAttributes, digest)
	}
}

func TestMessageAttributesAskedFor(t *testing.T) {
	p, queue := newQueue(t, nil)
	given := map[string]types.MessageAttributeValue{"Hello": text("There"), "General": text("Kenobi")}
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x"), MessageAttributes: given}
	_, err := p.SendMessage(t.Context(), in)
	p.must(err)
	asked := &sqs.ReceiveMessageInput{QueueUrl: queue, MessageAttributeNames: []string{"Hel.*"}}
	out, err := p.ReceiveMessage(t.Context(), asked)
	p.must(err)
	equal(t, out.Messages[0].MessageAttributes, map[string]types.MessageAttributeValue{"Hello": text("There")})
	equal(t, *out.Messages[0].MD5OfMessageAttributes, "a311262e065454b75da111d535b8dacd")
	equal(t, len(out.Messages[0].Attributes), 0)
}

func TestMessageSystemAttributes(t *testing.T) {
	p, queue := newQueue(t, nil)
	trace := "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
	header := types.MessageSystemAttributeValue{DataType: aws.String("String"), StringValue: &trace}
	sent, err := p.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: queue, MessageBody: aws.String("x"),
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": header},
	})
	p.must(err)
	equal(t, len(*sent.MD5OfMessageSystemAttributes), 32)
	first := p.receiveN(queue, 1, 1)[0]
	again := p.receiveN(queue, 1, 0)[0]
	equal(t, first.Attributes["AWSTraceHeader"], trace)
	equal(t, first.Attributes["ApproximateReceiveCount"]+again.Attributes["ApproximateReceiveCount"], "12")
	for _, name := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
		equal(t, len(first.Attributes[name]), 13)
		equal(t, again.Attributes[name], first.Attributes[name])
	}
	equal(t, first.Attributes["SenderId"] != "", true)
}

func TestMessageGroupOnAStandardQueue(t *testing.T) {
	p, queue := newQueue(t, nil)
	p.sendAll(queue, "tenant", []string{"1", "2"})
	first := p.receive(queue, ask{most: 1})
	second := p.receive(queue, ask{most: 1})
	equal(t, sorted(bodies(append(first, second...))), []string{"1", "2"})
	equal(t, first[0].Attributes["MessageGroupId"], "tenant")
}

func TestMessageVisibility(t *testing.T) {
	p, queue := newQueue(t, nil)
	p.send(queue, "x")
	first := p.receiveN(queue, 1, 1)[0]
	equal(t, len(p.receive(queue, ask{most: 10})), 0)
	equal(t, p.counts(queue), [3]int{0, 1, 0})
	again := p.receiveN(queue, 1, 0)[0]
	equal(t, *again.MessageId, *first.MessageId)
	equal(t, *again.ReceiptHandle != *first.ReceiptHandle, true)
	p.change(queue, again, 0)
	equal(t, p.counts(queue), [3]int{1, 0, 0})
	p.change(queue, again, 30)
	equal(t, p.counts(queue), [3]int{0, 1, 0})
	p.delete(queue, again, again)
	equal(t, p.counts(queue), [3]int{})
}

func TestMessageDelay(t *testing.T) {
	p, queue := newQueue(t, nil)
	in := &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("later"), DelaySeconds: 1}
	_, err := p.SendMessage(t.Context(), in)
	p.must(err)
	p.send(queue, "now")
	equal(t, p.counts(queue), [3]int{1, 0, 1})
	equal(t, bodies(p.receiveN(queue, 2, 0)), []string{"now", "later"})
}

func TestLongPollEndsWithTheFirstMessage(t *testing.T) {
	p, queue := newQueue(t, nil)
	start := time.Now()
	found := p.waiting(t.Context(), queue, ask{most: 10, wait: 20})
	p.send(queue, "x")
	first := <-found
	p.must(first.err)
	equal(t, bodies(first.messages), []string{"x"})
	equal(t, time.Since(start) < 5*time.Second, true)
}

func TestLongPollWaitsAsTheQueueSays(t *testing.T) {
	p, queue := newQueue(t, attributes{"ReceiveMessageWaitTimeSeconds": "1"})
	start := time.Now()
	equal(t, len(p.receive(queue, ask{most: 10})), 0)
	waited := time.Since(start)
	equal(t, waited > 950*time.Millisecond && waited < 5*time.Second, true)
}

// leaver is the only connection of a client that goes away. When it is closed, left is closed as soon as the
// server has closed its end, too.
type leaver struct {
	*net.TCPConn
	left chan<- struct{}
	once *sync.Once
}

func (l leaver) Close() error {
	l.once.Do(func() {
		go func() {
			defer l.TCPConn.Close()
			l.CloseWrite()
			l.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.Copy(io.Discard, l.TCPConn); err == nil {
				close(l.left)
			}
		}()
	})
	return nil
}

func leaving(left chan<- struct{}) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return leaver{conn.(*net.TCPConn), left, new(sync.Once)}, nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

func TestLongPollOfWhoHasGoneAwayGetsNothing(t *testing.T) {
	p, queue := newQueue(t, nil)
	// The server closes its end a moment before it forgets the receive, and a message may come just then.
	p.eventually("a message that is not for who has gone", func() bool {
		gone := p
		left := make(chan struct{})
		gone.Client = sqs.New(p.Options(), func(o *sqs.Options) { o.HTTPClient = leaving(left) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		found := gone.waiting(ctx, queue, ask{most: 10, wait: 20})
		cancel()
		equal(t, errors.Is((<-found).err, context.Canceled), true)
		p.within("the server closes its end", left)
		p.send(queue, "x")
		return slices.Equal(bodies(p.receive(queue, ask{most: 10})), []string{"x"})
	})
}
