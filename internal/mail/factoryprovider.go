package mail

import "guestlist"

// sameName is a name that is the same in every language.
func sameName(s string) guestlist.Translations {
	return guestlist.Translations{"en": s, "de": s, "fr": s, "es": s, "ja": s, "ar": s}
}

// through describes a sender of e-mail by the name of its provider.
func through(provider string) guestlist.Translations {
	return guestlist.Translations{
		"en": "Sends e-mail through " + provider + ".",
		"de": "Verschickt E-Mails über " + provider + ".",
		"fr": "Envoie les e-mails par " + provider + ".",
		"es": "Envía correos a través de " + provider + ".",
		"ja": provider + "を通じてメールを送信します。",
		"ar": "يرسل البريد الإلكتروني عبر " + provider + ".",
	}
}

// secret is a form item for a key or a password.
func secret(key, label, placeholder string) guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormText, Key: key, Label: label, Placeholder: placeholder, Required: true, IsConfidential: true}
}

// reports is a form item for what proves where a provider's reports come from.
func reports(key, label, placeholder, description string, confidential bool) guestlist.FormItem {
	return guestlist.FormItem{
		Type: guestlist.FormText, Key: key, Label: label, Placeholder: placeholder, IsConfidential: confidential,
		Description: description + " Without it, reports of bounces, complaints and deliveries are not taken.",
	}
}

func templatesItem(withSubject bool, kindMember string) guestlist.FormItem {
	return guestlist.FormItem{Type: guestlist.FormJSON, Key: "templates", Label: "Templates", Required: true,
		DefaultValue: defaultTemplates(withSubject, kindMember)}
}

func sendgridFactory() guestlist.ConnectorFactory {
	text := guestlist.FormText
	return factory(FactorySendGrid, "sendgrid-mail", guestlist.ConnectorEmail, sameName("SendGrid"), through("SendGrid"), []guestlist.FormItem{
		secret("apiKey", "API key", "SG.…"),
		{Type: text, Key: "fromEmail", Label: "From", Placeholder: "hello@acme.example", Required: true},
		{Type: text, Key: "fromName", Label: "Name of the sender", Placeholder: "Acme"},
		templatesItem(true, memberType),
		reports("webhookPublicKey", "Verification key of the event webhook", "MFkw…", "SendGrid shows it when the webhook is signed.", false),
	})
}

func mailgunFactory() guestlist.ConnectorFactory {
	text := guestlist.FormText
	deliveries := map[string]any{}
	for _, t := range defaultTemplates(true, "") {
		deliveries[t["usageType"]] = map[string]any{"subject": t["subject"], "html": "<p>" + t["content"] + "</p>"}
	}
	return factory(FactoryMailgun, "mailgun-email", guestlist.ConnectorEmail, sameName("Mailgun"), through("Mailgun"), []guestlist.FormItem{
		{Type: text, Key: "domain", Label: "Domain", Placeholder: "mg.acme.example", Required: true},
		secret("apiKey", "API key", "<sending key>"),
		{Type: text, Key: "from", Label: "From", Placeholder: "Acme <hello@mg.acme.example>", Required: true},
		{Type: text, Key: "endpoint", Label: "Endpoint", Placeholder: "https://api.eu.mailgun.net",
			Description: "Only for domains outside the United States."},
		{Type: guestlist.FormJSON, Key: "deliveries", Label: "Deliveries", Required: true, DefaultValue: deliveries,
			Description: "By kind of message: html, or the name of a template at Mailgun with variables."},
		reports("webhookSigningKey", "Webhook signing key", "<signing key>", "Mailgun shows it beside the API keys.", true),
	})
}

func sesFactory() guestlist.ConnectorFactory {
	text := guestlist.FormText
	return factory(FactorySES, "aws-ses", guestlist.ConnectorEmail, sameName("Amazon SES"), through("Amazon SES"), []guestlist.FormItem{
		{Type: text, Key: "accessKeyId", Label: "Access key ID", Placeholder: "AKIA…", Required: true},
		secret("accessKeySecret", "Secret access key", "<secret access key>"),
		{Type: text, Key: "region", Label: "Region", Placeholder: "eu-central-1", Required: true},
		{Type: text, Key: "emailAddress", Label: "From", Placeholder: "Acme <hello@acme.example>"},
		{Type: text, Key: "emailAddressIdentityArn", Label: "ARN of the sender's identity", Placeholder: "arn:aws:ses:…"},
		{Type: text, Key: "feedbackForwardingEmailAddress", Label: "Address for bounces and complaints", Placeholder: "bounces@acme.example"},
		{Type: text, Key: "feedbackForwardingEmailAddressIdentityArn", Label: "ARN of that address's identity", Placeholder: "arn:aws:ses:…"},
		{Type: text, Key: "configurationSetName", Label: "Configuration set", Placeholder: "guestlist"},
		templatesItem(true, ""),
		reports("snsTopicArn", "SNS topic for reports", "arn:aws:sns:…", "The topic that SES publishes to.", false),
	})
}

func postmarkFactory() guestlist.ConnectorFactory {
	aliases := []map[string]string{}
	for _, t := range []struct {
		usage guestlist.TemplateType
		alias string
	}{
		{guestlist.TemplateSignIn, "sign-in"},
		{guestlist.TemplateRegister, "register"},
		{guestlist.TemplateForgotPassword, "forgot-password"},
		{guestlist.TemplateGeneric, "generic"},
	} {
		aliases = append(aliases, map[string]string{"usageType": string(t.usage), "templateAlias": t.alias})
	}
	return factory(FactoryPostmark, "postmark-mail", guestlist.ConnectorEmail, sameName("Postmark"), through("Postmark"), []guestlist.FormItem{
		secret("serverToken", "Server token", "<server token>"),
		{Type: guestlist.FormText, Key: "fromEmail", Label: "From", Placeholder: "Acme <hello@acme.example>", Required: true},
		{Type: guestlist.FormJSON, Key: "templates", Label: "Templates", Required: true, DefaultValue: aliases,
			Description: "The alias of the template at Postmark, by kind of message."},
		reports("webhookPassword", "Password of the webhook", "<password>", "A long random text, which stands in the webhook's URL at Postmark, too.", true),
	})
}

func resendFactory() guestlist.ConnectorFactory {
	text := guestlist.FormText
	return factory(FactoryResend, "resend-email", guestlist.ConnectorEmail, sameName("Resend"), through("Resend"), []guestlist.FormItem{
		secret("apiKey", "API key", "re_…"),
		{Type: text, Key: "fromEmail", Label: "From", Placeholder: "Acme <hello@acme.example>", Required: true},
		{Type: text, Key: "replyTo", Label: "Reply to", Placeholder: "help@acme.example"},
		templatesItem(true, memberContentType),
		reports("webhookSecret", "Signing secret of the webhook", "whsec_…", "Resend shows it with the webhook.", true),
	})
}

func vonageFactory() guestlist.ConnectorFactory {
	return factory(FactoryVonage, "vonage-sms", guestlist.ConnectorSMS,
		guestlist.Translations{
			"en": "Vonage SMS", "de": "Vonage-SMS", "fr": "SMS Vonage", "es": "SMS de Vonage", "ja": "Vonage SMS", "ar": "رسائل Vonage القصيرة",
		},
		guestlist.Translations{
			"en": "Sends text messages through Vonage.",
			"de": "Verschickt SMS über Vonage.",
			"fr": "Envoie les SMS par Vonage.",
			"es": "Envía SMS a través de Vonage.",
			"ja": "Vonageを通じてSMSを送信します。",
			"ar": "يرسل الرسائل القصيرة عبر Vonage.",
		}, []guestlist.FormItem{
			{Type: guestlist.FormText, Key: "apiKey", Label: "API key", Placeholder: "<api key>", Required: true},
			secret("apiSecret", "API secret", "<api secret>"),
			{Type: guestlist.FormText, Key: "brandName", Label: "Sender", Placeholder: "Acme", Required: true,
				Tooltip: "A name of up to 11 letters or a number, where the country allows it."},
			templatesItem(false, ""),
		})
}
