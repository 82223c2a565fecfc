package management

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

func (a *API) userAssetRoutes() []route {
	return []route{
		get("/api/user-assets/service-status", "Whether pictures can be uploaded, and which", a.assetStatus),
		raw(http.MethodPost, "/api/user-assets", "Upload a picture as the field \"file\" of a form; with a field \"passing\" it goes after a day unless settings come to show it", "application/json", a.uploadAsset),
		raw(http.MethodGet, "/api/user-assets/{file}", "A picture that was uploaded", "image/*", a.serveAsset).anonymous(),
		remove("/api/user-assets/{file}", "Delete a picture that was uploaded", a.deleteAsset),
	}
}

type assetStatus struct {
	Status               string   `json:"status"`
	AllowUploadMimeTypes []string `json:"allowUploadMimeTypes"`
	MaxUploadFileSize    int      `json:"maxUploadFileSize"` // bytes
}

func (a *API) assetStatus(*call, struct{}) (assetStatus, error) {
	return assetStatus{Status: "ready", AllowUploadMimeTypes: web.PictureTypes, MaxUploadFileSize: web.MaxPicture}, nil
}

// uploadAsset keeps a picture. The same picture has the same URL.
func (a *API) uploadAsset(c *call) error {
	p, fields, err := web.ReadPicture(c.w, c.r)
	if err != nil {
		return err
	}
	var id string
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		id, err = tx.KeepPicture(store.Picture(p), fields.Get("passing") == "true")
		return err
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(c.w, c.status, map[string]string{"url": a.Endpoint + assetPath + id})
}

// assetPath is where pictures are served.
const assetPath = "/api/user-assets/"

// assetID is the id of a picture at the end of an address, in JSON.
var assetID = regexp.MustCompile(`^[0-9a-f]+\.[a-z]+`)

// showPictures keeps the pictures of ours that settings show, which may be those
// of a preview. One that went meanwhile is refused, unless the settings of
// before lacked it as well: a page would show a hole.
func (a *API) showPictures(tx *store.Tx, before, after any) error {
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	text, err := json.Marshal(after)
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut(string(text), a.Endpoint+assetPath)
	for ; found; _, rest, found = strings.Cut(rest, a.Endpoint+assetPath) {
		id := assetID.FindString(rest)
		if id == "" {
			continue
		}
		there, err := tx.UseAsset(id)
		if err != nil {
			return err
		}
		if !there && !bytes.Contains(old, []byte(assetPath+id)) {
			return guestlist.Refuse(guestlist.KindUnprocessable, "storage.picture_gone")
		}
	}
	return nil
}

// serveAsset answers anybody: a logo stands on the pages of guests who are
// nobody yet.
func (a *API) serveAsset(c *call) error {
	id := c.r.PathValue("file")
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return guestlist.Refuse(guestlist.KindInvalid, "request.invalid_text")
	}
	var asset store.UserAsset
	if err := a.Store.View(c.ctx(), func(tx *store.Tx) error {
		var err error
		asset, err = tx.UserAsset(id)
		return err
	}); err != nil {
		return err
	}
	name, _, _ := strings.Cut(asset.ID, ".")
	web.WritePicture(c.w, c.r, asset.ContentType, `"`+name+`"`, asset.Content)
	return nil
}

func (a *API) deleteAsset(c *call, in struct {
	File string `path:"file"`
},
) (none, error) {
	return none{}, a.Store.Update(c.ctx(), func(tx *store.Tx) error { return tx.DeleteUserAsset(in.File) })
}
