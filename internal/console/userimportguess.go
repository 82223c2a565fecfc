package console

import (
	"slices"
	"strings"
	"unicode"
)

// knownHeaders are what columns are called, folded, in the languages of the
// console, and by other products that export users.
var knownHeaders = map[string][]string{
	"primaryEmail": {
		"email", "emailaddress", "mail", "primaryemail", "emailadresse", "courriel", "adresseemail", "adressecourriel", "correo", "correoelectronico",
		"メール", "メールアドレス", "البريدالإلكتروني", "البريد", "useremail",
	},
	"name": {
		"name", "fullname", "displayname", "vollername", "nomcomplet", "nombrecompleto", "nombreyapellidos", "guest", "gast", "氏名", "名前", "الاسم", "الاسمالكامل",
	},
	"username": {"username", "user", "login", "benutzername", "nomdutilisateur", "identifiant", "usuario", "nombredeusuario", "ユーザー名", "اسمالمستخدم"},
	"primaryPhone": {
		"phone", "phonenumber", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "tel", "telephone", "primaryphone", "telefon",
		"telefonnummer", "handy", "handynummer", "mobil", "téléphone", "portable", "teléfono", "telefono", "móvil", "movil", "電話", "電話番号", "携帯電話", "الهاتف", "رقمالهاتف",
	},
	"profile.givenName":             {"firstname", "givenname", "first", "forename", "vorname", "prénom", "prenom", "nombre", "名", "الاسمالأول"},
	"profile.familyName":            {"lastname", "familyname", "last", "surname", "nachname", "familienname", "nom", "nomdefamille", "apellido", "apellidos", "姓", "اسمالعائلة"},
	"profile.middleName":            {"middlename", "zweitername"},
	"profile.birthdate":             {"birthdate", "birthday", "dateofbirth", "geburtsdatum", "geburtstag", "datedenaissance", "fechadenacimiento", "生年月日", "تاريخالميلاد"},
	"profile.locale":                {"locale", "language", "sprache", "langue", "idioma", "言語", "اللغة"},
	"profile.zoneinfo":              {"zoneinfo", "timezone", "zeitzone", "fuseauhoraire", "zonahoraria"},
	"profile.website":               {"website", "webseite", "siteweb", "sitioweb", "homepage"},
	"profile.address.country":       {"country", "land", "pays", "país", "pais", "国", "البلد"},
	"profile.address.locality":      {"city", "locality", "stadt", "ort", "ville", "ciudad", "市", "المدينة"},
	"profile.address.postalCode":    {"postalcode", "zip", "zipcode", "postcode", "plz", "postleitzahl", "codepostal", "códigopostal", "codigopostal", "郵便番号"},
	"profile.address.streetAddress": {"street", "streetaddress", "address", "strasse", "straße", "rue", "calle", "住所"},
	"avatar":                        {"avatar", "picture", "photo", "image", "avatarurl"},
	"password":                      {"password", "passwort", "kennwort", "motdepasse", "contraseña", "パスワード", "كلمةالمرور"},
	"passwordDigest":                {"passworddigest", "passwordhash", "passwordencrypted"},
	"passwordAlgorithm":             {"passwordalgorithm", "passwordencryptionmethod"},
}

// guessColumns says of each column of a file what it seems to be, "" where
// nothing is known. No two are the same.
func guessColumns(columns []string) []string {
	out := make([]string, len(columns))
	for i, column := range columns {
		folded := foldHeader(column)
		for _, member := range importMembers {
			own := strings.EqualFold(column, member)
			if (own || slices.Contains(knownHeaders[member], folded)) && !slices.Contains(out, member) {
				out[i] = member
				break
			}
		}
		if custom, ok := strings.CutPrefix(column, "customData."); ok && customMember(custom) == column && !slices.Contains(out, column) {
			out[i] = column
		}
	}
	return out
}

// foldHeader keeps the letters of a header, small.
func foldHeader(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
