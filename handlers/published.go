package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"vetroom/clinic"
	"vetroom/clinic/schema"
)

// published is a document that stays as it is for as long as the program runs.
type published struct {
	plain, packed []byte
	hash          string
}

func publish(document schema.Object) (*published, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("encode a description: %w", err)
	}
	sum := sha256.Sum256(body)
	return &published{body, packed(body), hex.EncodeToString(sum[:12])}, nil
}

// describe publishes /openapi.json and /asyncapi.json.
func (h *Handler) describe() error {
	h.documents = map[string]*published{}
	if h.OpsOnly {
		return nil
	}
	for path, document := range map[string]schema.Object{"/openapi.json": h.openAPI(), "/asyncapi.json": h.AsyncAPI} {
		if document == nil {
			continue
		}
		made, err := publish(document)
		if err != nil {
			return err
		}
		h.documents[path] = made
	}
	return nil
}

// document answers with a description, or that it is still what the client has.
func (h *Handler) document(w http.ResponseWriter, r *http.Request) {
	p, ok := h.documents[r.URL.Path]
	if !ok {
		h.newCall(w, r).send(refusal{Error: clinic.ErrNotFound, status: http.StatusNotFound}.problem())
		return
	}
	head, body, tag := w.Header(), p.plain, p.hash
	if acceptsGzip(r) {
		body, tag = p.packed, p.hash+"-gzip"
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Content-Type", "application/json")
	head.Set("Cache-Control", "no-cache")
	head.Set("Vary", "Accept-Encoding")
	head.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
