package sdkgo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const phone = "+15550100"

// missing demands that something is not there.
func (o outcome[T]) missing(t testing.TB, what string) {
	t.Helper()
	o.refused(t, typed[*types.NotFoundException], "NotFound", 404, what+" does not exist")
}

func (s square) application(name, platform string, given attributes) outcome[*sns.CreatePlatformApplicationOutput] {
	return of(s.sns.CreatePlatformApplication(s.Context(), &sns.CreatePlatformApplicationInput{
		Name: &name, Platform: &platform, Attributes: given,
	}))
}

func (s square) applicationOf(arn *string) outcome[*sns.GetPlatformApplicationAttributesOutput] {
	in := &sns.GetPlatformApplicationAttributesInput{PlatformApplicationArn: arn}
	return of(s.sns.GetPlatformApplicationAttributes(s.Context(), in))
}

func (s square) setApplication(arn *string, given attributes) {
	s.Helper()
	in := &sns.SetPlatformApplicationAttributesInput{PlatformApplicationArn: arn, Attributes: given}
	of(s.sns.SetPlatformApplicationAttributes(s.Context(), in)).must(s)
}

func (s square) deleteApplication(arn *string) {
	s.Helper()
	in := &sns.DeletePlatformApplicationInput{PlatformApplicationArn: arn}
	of(s.sns.DeletePlatformApplication(s.Context(), in)).must(s)
}

func (s square) device(app *string, token string, given attributes) outcome[*sns.CreatePlatformEndpointOutput] {
	return of(s.sns.CreatePlatformEndpoint(s.Context(), &sns.CreatePlatformEndpointInput{
		PlatformApplicationArn: app, Token: &token, Attributes: given,
	}))
}

func (s square) deviceOf(arn *string) outcome[*sns.GetEndpointAttributesOutput] {
	return of(s.sns.GetEndpointAttributes(s.Context(), &sns.GetEndpointAttributesInput{EndpointArn: arn}))
}

func (s square) setDevice(arn *string, given attributes) outcome[*sns.SetEndpointAttributesOutput] {
	in := &sns.SetEndpointAttributesInput{EndpointArn: arn, Attributes: given}
	return of(s.sns.SetEndpointAttributes(s.Context(), in))
}

var secret = attributes{"PlatformCredential": "secret"}

func TestPlatformApplication(t *testing.T) {
	s := newSquare(t, nil)
	given := with(secret, "PlatformPrincipal", "who")
	arn := s.application(s.name, "APNS", given).must(t).PlatformApplicationArn
	equal(t, *arn, "arn:aws:sns:us-east-1:"+s.account+":app/APNS/"+s.name)
	equal(t, *s.application(s.name, "APNS", given).must(t).PlatformApplicationArn, *arn)
	equal(t, s.applicationOf(arn).must(t).Attributes, attributes{"Enabled": "true"})
	changed := attributes{"Enabled": "false", "EventDeliveryFailure": *s.topic}
	s.setApplication(arn, changed)
	equal(t, s.applicationOf(arn).must(t).Attributes, changed)
	for range 2 {
		s.deleteApplication(arn)
	}
	s.applicationOf(arn).missing(t, "PlatformApplication")
}

func TestPlatformApplicationIsChecked(t *testing.T) {
	s := newSquare(t, nil)
	s.application(s.name, "PIGEON", secret).invalid(t, "Invalid parameter: Platform Reason: PIGEON is not supported")
	s.application("a b", "GCM", secret).invalid(t, "Invalid parameter: a b Reason: must contain only characters …")
	s.application(s.name, "GCM", attributes{"PlatformPrincipal": "who"}).invalid(t, "Invalid parameter: Attributes "+
		"Reason: PlatformPrincipal attribute provided without PlatformCredential")
	s.application(s.name, "ADM", secret).invalid(t, "Invalid parameter: Attributes "+
		"Reason: PlatformCredential attribute provided without PlatformPrincipal")
	s.application(s.name, "GCM", with(secret, "Colour", "red")).invalid(t,
		"Invalid parameter: Attributes Reason: Invalid attribute name: Colour")
}

func TestPlatformEndpoint(t *testing.T) {
	s := newSquare(t, nil)
	app := s.application(s.name, "GCM", secret).must(t).PlatformApplicationArn
	mine := attributes{"CustomUserData": "mine"}
	arn := s.device(app, "t-1", mine).must(t).EndpointArn
	equal(t, strings.HasPrefix(*arn, strings.Replace(*app, ":app/", ":endpoint/", 1)+"/"), true)
	equal(t, *s.device(app, "t-1", mine).must(t).EndpointArn, *arn)
	s.device(app, "t-1", nil).invalid(t, "Invalid parameter: Token Reason: Endpoint "+*arn+
		" already exists with the same Token, but different attributes.")
	equal(t, s.deviceOf(arn).must(t).Attributes,
		attributes{"Enabled": "true", "Token": "t-1", "CustomUserData": "mine"})
	s.setDevice(arn, attributes{"Enabled": "false", "Token": "t-2"}).must(t)
	equal(t, s.deviceOf(arn).must(t).Attributes["Token"], "t-2")
	s.setDevice(arn, attributes{"CustomUserData": strings.Repeat("ü", 1025)}).invalid(t, "Invalid parameter: "+
		"Attributes Reason: Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 encoding")
	s.deviceOf(app).invalid(t,
		"Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.")
	for range 2 {
		of(s.sns.DeleteEndpoint(t.Context(), &sns.DeleteEndpointInput{EndpointArn: arn})).must(t)
	}
	s.deviceOf(arn).missing(t, "Endpoint")
}

func TestPlatformEndpointsAreListed(t *testing.T) {
	s := newSquare(t, nil)
	app := s.application(s.name, "GCM", secret).must(t).PlatformApplicationArn
	var wanted, seen []string
	for n := range 102 {
		wanted = append(wanted, *s.device(app, fmt.Sprint(n), nil).must(t).EndpointArn)
	}
	in := &sns.ListEndpointsByPlatformApplicationInput{PlatformApplicationArn: app}
	for pages := sns.NewListEndpointsByPlatformApplicationPaginator(s.sns, in); pages.HasMorePages(); {
		page := of(pages.NextPage(t.Context())).must(t)
		for _, one := range page.Endpoints {
			seen = append(seen, *one.EndpointArn)
		}
		equal(t, len(seen) == 100 || page.NextToken == nil, true)
	}
	equal(t, sorted(seen), sorted(wanted))
	s.deleteApplication(app)
	of(s.sns.ListEndpointsByPlatformApplication(t.Context(), in)).missing(t, "PlatformApplication")
	s.deviceOf(&wanted[0]).missing(t, "Endpoint")
}

func TestPlatformPublish(t *testing.T) {
	s := newSquare(t, nil)
	app := s.application(s.name, "GCM", secret).must(t).PlatformApplicationArn
	arn := s.device(app, "t", nil).must(t).EndpointArn
	to := func(target string) func(*sns.PublishInput) {
		return func(in *sns.PublishInput) { in.TopicArn, in.TargetArn = nil, &target }
	}
	s.publish("x", to((*arn)[:len(*arn)-1])).invalid(t,
		"Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified")
	s.setDevice(arn, attributes{"Enabled": "false"}).must(t)
	s.publish("x", to(*arn)).refused(t, typed[*types.EndpointDisabledException], "EndpointDisabled", 400,
		"Endpoint is disabled")
	s.setDevice(arn, attributes{"Enabled": "true"}).must(t)
	s.setApplication(app, attributes{"Enabled": "false"})
	s.publish("x", to(*arn)).refused(t, typed[*types.PlatformApplicationDisabledException],
		"PlatformApplicationDisabled", 400, "…")
}

func TestPhoneAttributes(t *testing.T) {
	s := newSquare(t, nil)
	seen := func(names ...string) attributes {
		in := &sns.GetSMSAttributesInput{Attributes: names}
		return of(s.sns.GetSMSAttributes(t.Context(), in)).must(t).Attributes
	}
	set := func(given attributes) outcome[*sns.SetSMSAttributesOutput] {
		return of(s.sns.SetSMSAttributes(t.Context(), &sns.SetSMSAttributesInput{Attributes: given}))
	}
	equal(t, seen(), attributes{"MonthlySpendLimit": "1"})
	set(attributes{"DefaultSMSType": "Transactional", "DefaultSenderID": "shop1"}).must(t)
	equal(t, seen(), attributes{"MonthlySpendLimit": "1", "DefaultSMSType": "Transactional", "DefaultSenderID": "shop1"})
	equal(t, seen("DefaultSenderID"), attributes{"DefaultSenderID": "shop1"})
	set(attributes{"Colour": "red"}).invalid(t, "Colour is not a valid attribute")
	set(attributes{"DefaultSMSType": "Loud"}).invalid(t, "DefaultSMSType is invalid")
	set(attributes{"DefaultSenderID": "123"}).invalid(t, "DefaultSendID is not a valid attribute")
}

func TestPhoneSandbox(t *testing.T) {
	s := newSquare(t, nil)
	add := func(number string) outcome[*sns.CreateSMSSandboxPhoneNumberOutput] {
		in := &sns.CreateSMSSandboxPhoneNumberInput{PhoneNumber: &number, LanguageCode: types.LanguageCodeStringDeDe}
		return of(s.sns.CreateSMSSandboxPhoneNumber(t.Context(), in))
	}
	remove := func(number string) outcome[*sns.DeleteSMSSandboxPhoneNumberOutput] {
		in := &sns.DeleteSMSSandboxPhoneNumberInput{PhoneNumber: &number}
		return of(s.sns.DeleteSMSSandboxPhoneNumber(t.Context(), in))
	}
	for n := range 10 {
		add(fmt.Sprintf("+1555010%d", n)).must(t)
	}
	add("+15550110").refused(t, typed[*types.UserErrorException], "UserError", 400, "…")
	in := &sns.ListSMSSandboxPhoneNumbersInput{MaxResults: aws.Int32(4)}
	var sizes []int
	for pages := sns.NewListSMSSandboxPhoneNumbersPaginator(s.sns, in); pages.HasMorePages(); {
		page := of(pages.NextPage(t.Context())).must(t)
		sizes = append(sizes, len(page.PhoneNumbers))
		equal(t, page.PhoneNumbers[0].Status, types.SMSSandboxPhoneNumberVerificationStatusPending)
	}
	equal(t, sizes, []int{4, 4, 2})
	// Passwords have six digits, so this is none of them.
	verify := &sns.VerifySMSSandboxPhoneNumberInput{
		PhoneNumber: aws.String(phone), OneTimePassword: aws.String("00000000"),
	}
	of(s.sns.VerifySMSSandboxPhoneNumber(t.Context(), verify)).refused(t,
		typed[*types.VerificationException], "VerificationException", 400, "…")
	remove(phone).refused(t, typed[*types.UserErrorException], "UserError", 400, "…")
	remove("+15550199").refused(t, typed[*types.ResourceNotFoundException], "ResourceNotFound", 404, "…")
}

func TestPhoneOptsOutAndIn(t *testing.T) {
	s := newSquare(t, nil)
	check := func(number string) outcome[*sns.CheckIfPhoneNumberIsOptedOutOutput] {
		in := &sns.CheckIfPhoneNumberIsOptedOutInput{PhoneNumber: &number}
		return of(s.sns.CheckIfPhoneNumberIsOptedOut(t.Context(), in))
	}
	equal(t, check(phone).must(t).IsOptedOut, false)
	check("5550100").invalid(t, "Invalid parameter: PhoneNumber Reason: input incorrectly formatted")
	list := of(s.sns.ListPhoneNumbersOptedOut(t.Context(), &sns.ListPhoneNumbersOptedOutInput{})).must(t)
	equal(t, len(list.PhoneNumbers), 0)
	of(s.sns.OptInPhoneNumber(t.Context(), &sns.OptInPhoneNumberInput{PhoneNumber: aws.String(phone)})).must(t)
	numbers := of(s.sns.ListOriginationNumbers(t.Context(), &sns.ListOriginationNumbersInput{})).must(t)
	equal(t, len(numbers.PhoneNumbers), 0)
}
