package handlers

import (
	"context"
	"net/http"

	"vetroom/clinic"
)

// Pictures keeps the vets' pictures, JPEGs under names that tell their content. Picture returns clinic.ErrNotFound.
type Pictures interface {
	Picture(ctx context.Context, name string) ([]byte, error)
}

// picture answers GET /img/{name}: to anybody, and without a look at cookies. Since its name tells its content, it may be
// kept for good.
func (h *Handler) picture(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	body, err := h.findPicture(ctx, r.PathValue("name"))
	if err != nil {
		c := h.newCall(w, r)
		c.send(c.refuse(err))
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(body) // a client that went away has nobody to tell
}

func (h *Handler) findPicture(ctx context.Context, name string) ([]byte, error) {
	if h.Pictures == nil {
		return nil, clinic.ErrNotFound
	}
	return h.Pictures.Picture(ctx, name)
}
