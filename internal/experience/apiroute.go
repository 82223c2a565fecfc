package experience

import "guestlist"

// needs is what a route of the experience API asks of the browser before it
// looks at the request.
type needs int

const (
	// needsNothing is for who has not come to a door yet.
	needsNothing needs = iota
	// needsRequest asks for an authorization request: the cookie of a live
	// interaction.
	needsRequest
	// needsEvent asks as well for what the guest set out to do: the PUT that
	// begins.
	needsEvent
	// needsEventOrEnd is needsEvent for the route that ends an interaction, and
	// repeats its answer when it is asked again.
	needsEventOrEnd
)

// apiRoute is one operation of the experience API: what it asks of the browser,
// what it does, and what the document says of it. Tests hold the document to
// what the routes take and give.
type apiRoute struct {
	pattern string // of ServeMux
	needs   needs
	serve   func(*call) error

	summary string
	query   shape // of the URL, an object; nil for none
	body    shape // of the request; nil for none
	file    bool  // the request is a form with a file in place of JSON
	answer  shape // of success; nil for none
	status  int   // of success
	also    int   // another status of success, which has no body to read; 0 for none
	// refusals are the codes of this route beside those that all routes have,
	// each with its status: "404 user.user_not_exist".
	refusals []string
}

// apiRoutes is everything that the experience API offers. What later versions
// add (second factors) is not there and says so: 404.
func apiRoutes() []apiRoute {
	var all []apiRoute
	for _, group := range [][]apiRoute{
		interactionRoutes(), verificationRoutes(), outsideRoutes("social", guestlist.WaySocial), outsideRoutes("sso", guestlist.WaySSO),
		profileRoutes(), invitationAPI(), consentRoutes(), waitlistRoutes(),
	} {
		all = append(all, group...)
	}
	return all
}

func interactionRoutes() []apiRoute {
	return []apiRoute{
		{
			pattern: "PUT /api/experience", needs: needsRequest, serve: putInteraction, status: 204,
			summary:  "Begin, or begin anew: what was gathered is forgotten",
			body:     object{"interactionEvent": anEvent, "captchaToken?": str{most: maxCaptcha}},
			refusals: []string{"422 session.captcha_failed", "503 session.captcha_unavailable"},
		},
		{
			pattern: "GET /api/experience/interaction", needs: needsEvent, serve: getInteraction, status: 200,
			summary: "What was gathered so far, without secrets", answer: anInteraction,
		},
		{
			pattern: "PUT /api/experience/interaction-event", needs: needsEvent, serve: putEvent, status: 204,
			summary: "Switch between signing in and registering: verifications stay",
			body:    object{"interactionEvent": anEvent}, refusals: of(of(theDoor, acceptanceFaults...), "400 session.not_supported_for_forgot_password"),
		},
		{
			pattern: "POST /api/experience/identification", needs: needsEvent, serve: postIdentification, status: 204, also: 201,
			summary:  "Say who the guest is, by a verification; 201 is for somebody new",
			body:     object{"verificationId?": str{most: maxID}, "linkSocialIdentity?": boolean{}},
			refusals: identificationRefusals,
		},
		{
			pattern: "POST /api/experience/submit", needs: needsEventOrEnd, serve: postSubmit, status: 200, also: 204,
			summary: "Finish; 204 is for a password that was recovered, with which the guest signs in next",
			body:    object{}, answer: object{"redirectTo": aURL},
			refusals: of(of(theDoor, acceptanceFaults...), "422 session.captcha_required", "404 session.identifier_not_found", "422 user.missing_profile", "422 user.new_password_required_in_profile",
				"401 user.suspended", "400 session.verification_failed", "422 user.username_already_in_use", "422 user.email_already_in_use",
				"422 user.phone_already_in_use", "422 user.identity_already_in_use"),
		},
		{
			pattern: "GET /api/experience/sso-connectors", needs: needsRequest, serve: getSSOConnectors, status: 200,
			summary: "The enterprise connectors for an address", query: object{"email": anEmail},
			answer: object{"connectorIds": list{str{}}},
		},
	}
}

func verificationRoutes() []apiRoute {
	const at = "POST /api/experience/verification/"
	return []apiRoute{
		{
			pattern: at + "password", needs: needsEvent, serve: postPasswordVerification, status: 200,
			summary: "Compare a password",
			body: object{
				"identifier": object{"type": enum{"username", "email", "phone"}, "value": str{}},
				"password":   str{least: 1},
			},
			answer: aVerification, refusals: of(nil, "422 session.invalid_credentials", "401 user.suspended", "422 password.expired", blocked,
				"422 session.captcha_required"),
		},
		{
			pattern: at + "verification-code", needs: needsEvent, serve: postCodeSending, status: 200,
			summary: "Send a code to an address", body: object{"identifier": anAddress, "interactionEvent": anEvent},
			answer: aVerification, refusals: of(newAddress, "422 user.invalid_phone", "429 request.message_rate_limited", "501 connector.not_found"),
		},
		{
			pattern: at + "verification-code/verify", needs: needsEvent, serve: postCodeVerification, status: 200,
			summary: "Compare a code",
			body:    object{"identifier": anAddress, "verificationId": anID, "code": str{least: 1, most: maxCode}},
			answer:  aVerification, refusals: of(codeFaults, noVerification, blocked),
		},
		{
			pattern: at + "new-password-identity", needs: needsEvent, serve: postNewPasswordIdentity, status: 200,
			summary: "Choose a username and a password for a new account",
			body:    object{"identifier": object{"type": enum{"username"}, "value": str{least: 1}}, "password": str{least: 1}},
			answer:  aVerification, refusals: of(of(usernameFaults, acceptanceFaults...), "403 auth.forbidden", "422 password.rejected"),
		},
		{
			pattern: at + "one-time-token/verify", needs: needsEvent, serve: postTokenVerification, status: 200,
			summary: "Hold the token of a link for its address",
			body: object{
				"identifier": object{"type": enum{"email"}, "value": anEmail},
				"token":      str{least: 1, most: maxToken},
			},
			answer: aVerification, refusals: of(of(tokenFaults, invitationFaults...), "422 invitation.needs_proof"),
		},
	}
}

// outsideRoutes are those of a way to outside providers.
func outsideRoutes(name string, way guestlist.Way) []apiRoute {
	at := "POST /api/experience/verification/" + name + "/{connectorId}/"
	answer := object{"connectorData": anything{}, "verificationId": anID}
	if way == guestlist.WaySocial {
		answer = object{"connectorData": anything{}, "verificationId?": str{most: maxID}}
	}
	return []apiRoute{
		{
			pattern: at + "authorization-uri", needs: needsEvent, serve: outside(way, postAuthorizationURI), status: 200,
			summary: "Begin an attempt at an outside provider: where the browser goes",
			body:    object{"state": str{most: maxStateText}, "redirectUri": str{most: maxRedirectText}},
			answer:  object{"authorizationUri": aURL, "verificationId": str{}},
			refusals: of(connectorFaults, "404 entity.not_found", "404 entity.not_exists_with_id", "400 connector.unexpected_type",
				"400 session.insufficient_info", "422 user.sign_in_method_not_enabled"),
		},
		{
			pattern: at + "verify", needs: needsEvent, serve: outside(way, postOutsideVerification), status: 200,
			summary: "Verify what the provider sent back with the browser", body: answer, answer: aVerification,
			refusals: of(connectorFaults, noVerification, "422 session.invalid_connector_id", "404 entity.not_exists_with_id",
				"400 session.connector_validation_session_not_found", "400 session.verification_failed", "400 connector.unexpected_type"),
		},
	}
}

func profileRoutes() []apiRoute {
	return []apiRoute{
		{
			pattern: "POST /api/experience/profile", needs: needsEvent, serve: postProfile, status: 204,
			summary: "Stage one thing for the account",
			body: oneOf{
				object{"type": enum{"username"}, "value": str{least: 1}},
				object{"type": enum{"password"}, "value": str{least: 1}},
				object{"type": enum{"email", "phone", "social"}, "verificationId": anID},
				object{"type": enum{"extraProfile"}, "values": anything{}},
			},
			refusals: of(of(usernameFaults, acceptanceFaults...), "403 auth.forbidden", "404 session.identifier_not_found", "422 password.rejected", noVerification,
				"400 session.verification_failed", "400 session.not_supported_for_forgot_password", "422 user.username_exists_in_profile",
				"422 user.email_exists_in_profile", "422 user.phone_exists_in_profile", "422 user.password_exists_in_profile",
				"422 user.email_already_in_use", "422 user.phone_already_in_use", "422 session.email_blocklist.email_not_allowed",
				"422 session.email_blocklist.email_subaddressing_not_allowed", "422 session.email_blocklist.invalid_email",
				"400 custom_profile_fields.invalid_value", "422 session.sso_enabled", "422 user.identity_already_in_use",
				"422 user.social_account_exists_in_profile", "422 user.sign_in_method_not_enabled"),
		},
		{
			pattern: "POST " + pathAvatar, needs: needsEvent, serve: postAvatar, status: 200,
			summary: "Keep a picture for a new account: its address goes into the profile field avatar", file: true,
			body: object{"file": file{}}, answer: object{"url": aURL},
			refusals: of(theDoor, "400 session.not_supported_for_forgot_password", "400 session.invalid_interaction_type",
				"415 request.form_expected", "400 request.body_unreadable", "400 request.invalid_text",
				"400 guard.mime_type_not_allowed", "400 guard.file_size_exceeded", "429 storage.uploads_limited"),
		},
		{
			pattern: "PUT /api/experience/profile/password", needs: needsEvent, serve: putProfilePassword, status: 204,
			summary: "Stage the new password of somebody who forgot theirs", body: object{"password": str{least: 1}},
			refusals: of(nil, "400 session.invalid_interaction_type", "404 session.identifier_not_found", "422 password.rejected",
				"422 user.same_password"),
		},
	}
}

func consentRoutes() []apiRoute {
	return []apiRoute{
		{
			pattern: "GET /api/interaction/consent", needs: needsRequest, serve: getConsentData, status: 200,
			summary: "What an application asks for", answer: aConsent, refusals: of(nil, "401 user.suspended"),
		},
		{
			pattern: "POST /api/interaction/consent", needs: needsRequest, serve: postConsentDecision, status: 200,
			summary: "Allow it", body: object{"organizationIds?": list{str{least: 1, most: maxID}}}, answer: object{"redirectTo": aURL},
			refusals: of(tokenFaults, "422 organization.require_membership", "401 user.suspended"),
		},
	}
}

// The refusals that several routes have.
const (
	noVerification = "404 session.verification_session_not_found"
	blocked        = "400 session.verification_blocked_too_many_attempts"
)

var (
	theDoor         = []string{"403 auth.forbidden"}
	connectorFaults = []string{
		"400 connector.general", "400 connector.invalid_response", "400 connector.invalid_config", "500 connector.invalid_config",
		"401 connector.authorization_failed", "401 connector.social_auth_code_invalid", "401 connector.social_invalid_access_token",
		"401 connector.social_invalid_id_token",
	}
	newAddress = []string{
		"422 session.email_blocklist.email_not_allowed", "422 session.email_blocklist.email_subaddressing_not_allowed",
		"422 session.email_blocklist.invalid_email", "422 session.captcha_required",
	}
	codeFaults = []string{
		"400 verification_code.not_found", "400 verification_code.email_mismatch", "400 verification_code.phone_mismatch",
		"400 verification_code.expired", "400 verification_code.exceed_max_try", "400 verification_code.code_mismatch",
	}
	tokenFaults = []string{
		"404 one_time_token.token_not_found", "400 one_time_token.email_mismatch", "400 one_time_token.token_expired",
		"400 one_time_token.token_consumed", "400 one_time_token.token_revoked", "400 one_time_token.interaction_event_mismatch",
	}
	usernameFaults = []string{
		"422 user.username_already_in_use", "422 user.username_too_short", "422 user.username_too_long",
		"422 user.username_numbers_not_allowed", "422 user.username_underscore_not_allowed",
		"422 user.username_uppercase_not_allowed", "422 user.username_lowercase_not_allowed",
	}
	identificationRefusals = of(of(newAddress, acceptanceFaults...), "403 auth.forbidden", noVerification, "400 session.verification_failed",
		"404 user.user_not_exist", "401 user.suspended", "409 session.identity_conflict", "422 user.sign_in_method_not_enabled",
		"422 session.not_supported_for_forgot_password", "422 user.missing_profile", "422 user.username_already_in_use",
		"422 user.email_already_in_use", "422 user.phone_already_in_use", "400 one_time_token.interaction_event_mismatch",
		"404 user.identity_not_exist", "404 user.sso_identity_not_exist", "422 user.identity_already_in_use",
		"422 user.social_account_exists_in_profile", "422 session.sso_enabled")
)

func of(common []string, more ...string) []string {
	return append(append([]string{}, common...), more...)
}
