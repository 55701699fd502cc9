package web

import (
	"net/http"
	"net/http/httptest"
)

func (w *world) documented(r *http.Request, rec *httptest.ResponseRecorder) {}
