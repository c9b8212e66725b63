// Package web holds what people see: the pages' templates, their Korean and
// English words, styles, scripts and icons, all embedded.
//
// A page is a struct. A handler fills one and gives it to Render with a
// language; nothing else decides what a page shows:
//
//	site, err := web.New()
//	page := web.ReservationPage{Layout: layout, Reservation: r}
//	err = site.Render(w, lang, page)
//
// Render writes nothing before the whole page stands in memory, so a failing
// template never leaves half a page behind a 200.
//
// Three rules hold everywhere, each by a test:
//
//   - No word stands in a template, a script or Go code: all are in
//     texts/ko and texts/en, in files of one name, under the same keys.
//   - No inline script, style or event attribute: the pages live under
//     "script-src 'self'; style-src 'self'".
//   - Every page, but for the call and the vet's room buttons, works without
//     JavaScript: forms post, errors come back at their fields, values stay.
//
// The status line of a reservation, the door, is one component: the template
// "door" draws it and static/js/door.js keeps it live. Both know the same
// states (see Door).
package web
