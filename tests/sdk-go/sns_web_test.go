package sdkgo

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	notification   = "Notification"
	subscribing    = "SubscriptionConfirmation"
	unsubscribing  = "UnsubscribeConfirmation"
	kindHeader     = "X-Amz-Sns-Message-Type"
	plainText      = "text/plain; charset=UTF-8"
	confirmMessage = "To confirm the subscription, visit the SubscribeURL included in this message."
)

// posted is a request that came to a web server.
type posted struct {
	method string
	header http.Header
	host   string
	text   string
	at     time.Time
}

// web is a web server of a test's own. It answers notifications with the statuses in `answers`, one each, then
// with `otherwise`, and everything else with 200.
type web struct {
	*httptest.Server
	mutex     sync.Mutex
	answers   []int
	otherwise int
	came      []posted
}

func newWeb(t *testing.T) *web {
	t.Helper()
	w := &web{otherwise: http.StatusOK}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *web) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.came = append(w.came, posted{request.Method, request.Header, request.Host, string(body), time.Now()})
	status := http.StatusOK
	if request.Header.Get(kindHeader) == notification {
		status = w.otherwise
		if len(w.answers) > 0 {
			status, w.answers = w.answers[0], w.answers[1:]
		}
	}
	answer.WriteHeader(status)
}

// answer says how the next notifications are answered, and then all others.
func (w *web) answer(otherwise int, first ...int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.otherwise, w.answers = otherwise, first
}

func (w *web) of(kind string) []posted {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var found []posted
	for _, request := range w.came {
		if request.header.Get(kindHeader) == kind {
			found = append(found, request)
		}
	}
	return found
}

// wait waits until n requests of a kind have come, and gives them; more are a failure.
func (w *web) wait(s square, n int, kind string) []posted {
	s.Helper()
	s.eventually(kind, func() bool { return len(w.of(kind)) >= n })
	found := w.of(kind)
	equal(s, len(found), n)
	return found
}

// asked subscribes the web server, unconfirmed, and gives the message that asks for confirmation.
func (s square) asked(w *web, given attributes) (*string, posted, envelope) {
	s.Helper()
	arn := s.subscribe("http", w.URL+"/in", given).must(s).SubscriptionArn
	request := w.wait(s, 1, subscribing)[0]
	return arn, request, parsed[envelope](s, request.text)
}

// confirmed subscribes the web server and visits the link.
func (s square) confirmed(w *web, given attributes) *string {
	s.Helper()
	arn, _, message := s.asked(w, given)
	status, _ := visit(s, message.SubscribeURL)
	equal(s, status, http.StatusOK)
	return arn
}

// visit gets a link as whoever received it does.
func visit(t testing.TB, link string) (int, string) {
	t.Helper()
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// headers demands all headers that a message comes with, and no other.
func headers(t testing.TB, request posted, wanted map[string]string) {
	t.Helper()
	wanted["User-Agent"] = "Amazon Simple Notification Service Agent"
	wanted["Accept-Encoding"] = "gzip,deflate"
	wanted["Connection"] = "Keep-Alive"
	seen := map[string]string{}
	for name, values := range request.header {
		seen[name] = strings.Join(values, ", ")
	}
	delete(seen, "Content-Length")
	equal(t, seen, wanted)
	equal(t, request.method, http.MethodPost)
}

// signed are the keys whose values are signed, by the type of a message.
var signed = map[string][]string{
	notification:  {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"},
	subscribing:   {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"},
	unsubscribing: {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"},
}

// verified demands that a message was signed with the key whose certificate it names.
func verified(t testing.TB, message envelope) {
	t.Helper()
	status, text := visit(t, message.SigningCertURL)
	equal(t, status, http.StatusOK)
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, key := range signed[message.Type] {
		value := reflect.ValueOf(message).FieldByName(key).String()
		if key == "Subject" && value == "" {
			continue
		}
		said.WriteString(key + "\n" + value + "\n")
	}
	signature, err := base64.StdEncoding.DecodeString(message.Signature)
	if err != nil {
		t.Fatal(err)
	}
	key := certificate.PublicKey.(*rsa.PublicKey)
	if message.SignatureVersion == "2" {
		sum := sha256.Sum256([]byte(said.String()))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	} else {
		sum := sha1.Sum([]byte(said.String()))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	}
	if err != nil {
		t.Fatalf("%s: %v", message.Type, err)
	}
}
