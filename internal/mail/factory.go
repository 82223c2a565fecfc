package mail

import (
	"embed"
	"encoding/base64"
	"encoding/json"

	"guestlist"
)

// The factories of message connectors. The ids are the wire contract's.
const (
	FactorySMTP      = "simple-mail-transfer-protocol"
	FactoryHTTPEmail = "http-email"
	FactoryHTTPSMS   = "http-sms"
	FactorySendGrid  = "sendgrid-email-service"
	FactoryMailgun   = "mailgun-email"
	FactorySES       = "aws-ses-mail"
	FactoryPostmark  = "postmark-mail"
	FactoryResend    = "resend-email" // ours, the wire contract has none
	FactoryTwilio    = "twilio-short-message-service"
	FactoryVonage    = "vonage-sms"
)

//go:embed factories
var factoryFiles embed.FS

// Factories lists the message connectors that can be set up, e-mail first.
func Factories() []guestlist.ConnectorFactory {
	return []guestlist.ConnectorFactory{
		smtpFactory(), httpEmailFactory(), sendgridFactory(), mailgunFactory(), sesFactory(), postmarkFactory(), resendFactory(),
		httpSMSFactory(), twilioFactory(), vonageFactory(),
	}
}

// Factory returns the factory with an id.
func Factory(id string) (guestlist.ConnectorFactory, bool) {
	for _, f := range Factories() {
		if f.ID == id {
			return f, true
		}
	}
	return guestlist.ConnectorFactory{}, false
}

func smtpFactory() guestlist.ConnectorFactory {
	text, number, toggle, object := guestlist.FormText, guestlist.FormNumber, guestlist.FormSwitch, guestlist.FormJSON
	return factory(FactorySMTP, "smtp", guestlist.ConnectorEmail,
		guestlist.Translations{"en": "SMTP", "de": "SMTP", "fr": "SMTP", "es": "SMTP", "ja": "SMTP", "ar": "SMTP"},
		guestlist.Translations{
			"en": "Sends e-mail through any mail server.",
			"de": "Verschickt E-Mails über jeden beliebigen Mailserver.",
			"fr": "Envoie les e-mails par n’importe quel serveur de messagerie.",
			"es": "Envía correos a través de cualquier servidor de correo.",
			"ja": "任意のメールサーバーを通じてメールを送信します。",
			"ar": "يرسل البريد الإلكتروني عبر أي خادم بريد.",
		}, []guestlist.FormItem{
			{Type: text, Key: "host", Label: "Host", Placeholder: "smtp.acme.example", Required: true},
			{Type: number, Key: "port", Label: "Port", Placeholder: "587", Required: true},
			{Type: object, Key: "auth", Label: "Login", Required: true, IsConfidential: true,
				DefaultValue: map[string]any{"type": "login", "user": "<user>", "pass": "<password>"},
				Description:  "User and password, or the members of an OAuth 2 login, or {} for a server that asks for neither."},
			{Type: text, Key: "fromEmail", Label: "From", Placeholder: "Acme <hello@acme.example>", Required: true},
			{Type: text, Key: "replyTo", Label: "Reply to", Placeholder: "help@acme.example"},
			{Type: object, Key: "templates", Label: "Templates", Required: true, DefaultValue: defaultTemplates(true, memberContentType)},
			{Type: toggle, Key: "secure", Label: "TLS from the start", DefaultValue: false,
				Description: "For port 465. Otherwise STARTTLS is used where the server offers it."},
			{Type: toggle, Key: "requireTLS", Label: "Require TLS", DefaultValue: false,
				Description: "Send nothing to a server that does not offer STARTTLS."},
			{Type: toggle, Key: "ignoreTLS", Label: "Ignore TLS", DefaultValue: false,
				Description: "Never encrypt, and say the password in the clear. Only for a server on the same machine."},
			{Type: object, Key: "tls", Label: "TLS options", DefaultValue: map[string]any{},
				Description: "rejectUnauthorized, servername, minVersion, ca."},
			{Type: text, Key: "servername", Label: "Name in the certificate", Placeholder: "smtp.acme.example"},
			{Type: text, Key: "name", Label: "Name in the greeting", Placeholder: "login.acme.example"},
			{Type: text, Key: "localAddress", Label: "Local address", Placeholder: "192.0.2.7"},
			{Type: number, Key: "connectionTimeout", Label: "Connection timeout", Placeholder: "30000", Tooltip: "Milliseconds."},
			{Type: number, Key: "greetingTimeout", Label: "Greeting timeout", Placeholder: "30000", Tooltip: "Milliseconds."},
			{Type: number, Key: "socketTimeout", Label: "Sending timeout", Placeholder: "60000", Tooltip: "Milliseconds."},
			{Type: object, Key: "customHeaders", Label: "Extra headers", DefaultValue: map[string]any{},
				Description: "Names and texts, such as {\"X-Campaign\": \"welcome\"}."},
		})
}

func httpEmailFactory() guestlist.ConnectorFactory {
	return factory(FactoryHTTPEmail, "http-email", guestlist.ConnectorEmail,
		guestlist.Translations{
			"en": "HTTP e-mail", "de": "HTTP-E-Mail", "fr": "E-mail par HTTP",
			"es": "Correo por HTTP", "ja": "HTTPメール", "ar": "بريد عبر HTTP",
		},
		guestlist.Translations{
			"en": "Hands each e-mail to an endpoint of yours, which finds the words and sends it.",
			"de": "Übergibt jede E-Mail an einen eigenen Endpunkt, der sie formuliert und verschickt.",
			"fr": "Confie chaque e-mail à votre propre service, qui le rédige et l’envoie.",
			"es": "Entrega cada correo a un servicio propio, que lo redacta y lo envía.",
			"ja": "メールの内容を独自のエンドポイントに渡し、そこで作成と送信を行います。",
			"ar": "يسلّم كل رسالة إلى خدمتك الخاصة لتصوغها وترسلها.",
		}, httpForm("https://acme.example/send-mail"))
}

func httpSMSFactory() guestlist.ConnectorFactory {
	return factory(FactoryHTTPSMS, "http-sms", guestlist.ConnectorSMS,
		guestlist.Translations{
			"en": "HTTP SMS", "de": "HTTP-SMS", "fr": "SMS par HTTP", "es": "SMS por HTTP", "ja": "HTTP SMS", "ar": "رسائل قصيرة عبر HTTP",
		},
		guestlist.Translations{
			"en": "Hands each text message to an endpoint of yours, which finds the words and sends it.",
			"de": "Übergibt jede SMS an einen eigenen Endpunkt, der sie formuliert und verschickt.",
			"fr": "Confie chaque SMS à votre propre service, qui le rédige et l’envoie.",
			"es": "Entrega cada SMS a un servicio propio, que lo redacta y lo envía.",
			"ja": "SMSの内容を独自のエンドポイントに渡し、そこで作成と送信を行います。",
			"ar": "يسلّم كل رسالة قصيرة إلى خدمتك الخاصة لتصوغها وترسلها.",
		}, httpForm("https://acme.example/send-sms"))
}

func httpForm(placeholder string) []guestlist.FormItem {
	return []guestlist.FormItem{
		{Type: guestlist.FormText, Key: "endpoint", Label: "Endpoint", Placeholder: placeholder, Required: true},
		{Type: guestlist.FormText, Key: "authorization", Label: "Authorization header", Placeholder: "Bearer <token>",
			IsConfidential: true, Tooltip: "Goes along with each request, so that the endpoint knows who is calling."},
	}
}

func twilioFactory() guestlist.ConnectorFactory {
	text := guestlist.FormText
	return factory(FactoryTwilio, "twilio-sms", guestlist.ConnectorSMS,
		guestlist.Translations{
			"en": "Twilio SMS", "de": "Twilio-SMS", "fr": "SMS Twilio", "es": "SMS de Twilio", "ja": "Twilio SMS", "ar": "رسائل Twilio القصيرة",
		},
		guestlist.Translations{
			"en": "Sends text messages through a Twilio messaging service.",
			"de": "Verschickt SMS über einen Messaging-Dienst von Twilio.",
			"fr": "Envoie les SMS par un service de messagerie Twilio.",
			"es": "Envía SMS a través de un servicio de mensajería de Twilio.",
			"ja": "Twilioのメッセージングサービスを通じてSMSを送信します。",
			"ar": "يرسل الرسائل القصيرة عبر خدمة مراسلة من Twilio.",
		}, []guestlist.FormItem{
			{Type: text, Key: "accountSID", Label: "Account SID", Placeholder: "AC…", Required: true},
			{Type: text, Key: "authToken", Label: "Auth token", Placeholder: "<auth token>", Required: true, IsConfidential: true},
			{Type: text, Key: "fromMessagingServiceSID", Label: "Messaging service SID", Placeholder: "MG…", Required: true},
			{Type: guestlist.FormJSON, Key: "templates", Label: "Templates", Required: true, DefaultValue: defaultTemplates(false, "")},
			{Type: guestlist.FormSwitch, Key: "disableRiskCheck", Label: "Skip Twilio's risk check", DefaultValue: false,
				Description: "Send even where Twilio suspects SMS pumping fraud."},
		})
}

func factory(id, target string, kind guestlist.ConnectorType, name, description guestlist.Translations, form []guestlist.FormItem) guestlist.ConnectorFactory {
	form = append(form, guestlist.FormItem{
		Type: guestlist.FormNumber, Key: "maxPerSecond", Label: "Messages per second", Placeholder: "14",
		Description: "At most so many are sent each second, by each process. Empty: as fast as they are taken.",
	})
	return guestlist.ConnectorFactory{ID: id, ConnectorTraits: guestlist.ConnectorTraits{
		Type: kind, Target: target, Name: name, Description: description,
		Logo:           "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(factoryFile(id+".svg")),
		Readme:         string(factoryFile(id + ".md")),
		ConfigTemplate: configTemplateOf(form), FormItems: form,
	}}
}

// factoryFile reads an embedded file; a test asks for every one of them.
func factoryFile(name string) []byte {
	b, err := factoryFiles.ReadFile("factories/" + name)
	if err != nil {
		return nil
	}
	return b
}

// configTemplateOf writes a config to start from: the required fields with
// their defaults or placeholders.
func configTemplateOf(form []guestlist.FormItem) string {
	config := map[string]any{}
	for _, item := range form {
		switch {
		case !item.Required:
		case item.DefaultValue != nil:
			config[item.Key] = item.DefaultValue
		case item.Type == guestlist.FormNumber:
			config[item.Key] = json.Number(item.Placeholder)
		default:
			config[item.Key] = item.Placeholder
		}
	}
	b, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return "" // only texts and numbers of the tables above
	}
	return string(b)
}

// defaultTemplates are short plain ones to start from. Deleting them is no
// option for the four usages that every config must have.
func defaultTemplates(withSubject bool, kindMember string) []map[string]string {
	words := []struct {
		usage   guestlist.TemplateType
		subject string
		content string
	}{
		{guestlist.TemplateSignIn, "Your sign-in code", "{{code}} is your code to sign in. It works for 10 minutes."},
		{guestlist.TemplateRegister, "Confirm your address", "{{code}} is your code to create your account. It works for 10 minutes."},
		{guestlist.TemplateForgotPassword, "Reset your password", "{{code}} is your code to reset your password. It works for 10 minutes."},
		{guestlist.TemplateGeneric, "Your verification code", "{{code}} is your verification code. It works for 10 minutes."},
		{guestlist.TemplateOrganizationInvitation, "You are invited to {{organization.name}}", "You are invited to {{organization.name}}: {{link}}"},
		{guestlist.TemplateUserPermissionValidation, "Confirm it is you", "{{code}} is your code to confirm that it is you. It works for 10 minutes."},
		{guestlist.TemplateBindNewIdentifier, "Confirm your new address", "{{code}} is your code to add this address. It works for 10 minutes."},
		{guestlist.TemplateMfaVerification, "Your second step", "{{code}} is your code for the second step. It works for 10 minutes."},
		{guestlist.TemplateBindMfa, "Set up your second step", "{{code}} is your code to set up the second step. It works for 10 minutes."},
	}
	list := make([]map[string]string, len(words))
	for i, w := range words {
		list[i] = map[string]string{"usageType": string(w.usage), "content": w.content}
		if withSubject {
			list[i]["subject"] = w.subject
		}
		if kindMember != "" {
			list[i][kindMember] = textPlain
		}
	}
	return list
}
