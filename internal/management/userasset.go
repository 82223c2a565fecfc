package management

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"guestlist"
	"guestlist/internal/store"
	"guestlist/internal/web"
)

// MaxUserAssets is how many pictures are kept.
const MaxUserAssets = 1000

func (a *API) userAssetRoutes() []route {
	return []route{
		get("/api/user-assets/service-status", "Whether pictures can be uploaded, and which", a.assetStatus),
		raw(http.MethodPost, "/api/user-assets", "Upload a picture as the field \"file\" of a form", "application/json", a.uploadAsset),
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

// uploadAsset keeps a picture. What it is, its content says; its name and the
// type that the sender claims do not count. The same picture has the same URL.
func (a *API) uploadAsset(c *call) error {
	content, err := uploadedFile(c.r)
	if err != nil {
		return err
	}
	kind := web.PictureType(content)
	if kind == "" {
		return guestlist.Refuse(guestlist.KindInvalid, "guard.mime_type_not_allowed")
	}
	sum := sha256.Sum256(content)
	id := hex.EncodeToString(sum[:16]) + "." + web.PictureEnding(kind)
	err = a.Store.Update(c.ctx(), func(tx *store.Tx) error {
		if _, err := tx.UserAsset(id); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		n, err := tx.CountUserAssets()
		if err != nil {
			return err
		}
		if n >= MaxUserAssets {
			return guestlist.Refuse(guestlist.KindUnprocessable, "storage.full").WithArgs(map[string]any{"max": MaxUserAssets})
		}
		return tx.PutUserAsset(store.UserAsset{ID: id, ContentType: kind, Content: content, CreatedAt: tx.Now})
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(c.w, c.status, map[string]string{"url": a.Endpoint + "/api/user-assets/" + id})
}

// uploadedFile reads the field "file" of a form.
func uploadedFile(r *http.Request) ([]byte, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "multipart/form-data" {
		return nil, guestlist.Refuse(guestlist.KindMediaType, "request.form_expected")
	}
	unreadable := func(err error) error {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errFileTooLarge()
		}
		return guestlist.Refuse(guestlist.KindInvalid, "request.body_unreadable").Because(err)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, unreadable(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			var inv web.Invalid
			inv.Type("file", kindString, "undefined")
			return nil, inv.Err()
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if part.FormName() != "file" {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, web.MaxPicture+1))
		if err != nil {
			return nil, unreadable(err)
		}
		if len(content) > web.MaxPicture {
			return nil, errFileTooLarge()
		}
		return content, nil
	}
}

func errFileTooLarge() error {
	return guestlist.Refuse(guestlist.KindInvalid, "guard.file_size_exceeded").WithArgs(map[string]any{"max": web.MaxPicture >> 10})
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
