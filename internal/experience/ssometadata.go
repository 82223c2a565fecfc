package experience

import (
	"net/http"

	"guestlist"
)

// pageSSOMetadata is where an enterprise provider reads what it has to know of
// us. The address is our name there, too: the entity id of the connector, where
// its metadata are to be found (SAML Metadata §4.1).
const pageSSOMetadata = "/enterprise-sso/"

// typeSAMLMetadata is the media type of metadata (SAML Metadata, appendix A).
const typeSAMLMetadata = "application/samlmetadata+xml"

// ssoMetadata serves the metadata of one connector. They are no secret: an
// address, and the certificate that our requests are checked by.
func (d *Door) ssoMetadata(w http.ResponseWriter, r *http.Request) error {
	if d.SSOMetadata == nil {
		return guestlist.Refuse(guestlist.KindNotFound, "entity.not_found")
	}
	text, err := d.SSOMetadata(r.Context(), guestlist.ConnectorID(r.PathValue("connector")))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", typeSAMLMetadata)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, err = w.Write(text)
	return err
}
