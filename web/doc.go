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
// Its template is its method draw, in a file NAME.templ of which go generate
// (make pages) makes NAME_templ.go. It stands within the layout, to which it
// gives a frame: title, scripts, and the texts that those scripts need. Words
// come from the printer that it is drawn by:
//
//	templ (page ReservationPage) draw(p *printer) {
//		@p.layout(page.Layout, frame{title: p.t("reservation.title")}) {
//			<h1>{ p.t("reservation.title") }</h1>
//			@p.door(page.Reservation, page.Now, false)
//		}
//	}
//
// An expression is escaped for where it stands. Between one and a component
// that follows it no space is kept: where one is needed, it is { " " }.
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
// A page that is added has each of its states in samples (samples_test.go).
// There TestEveryPage finds it, and loads it in a browser as for the first time:
// at most 100 KB over the wire, no violation by axe-core, nothing on the
// console, nothing that moves by itself, in both languages, themes and sizes.
// make screenshots shows it in the same states.
//
// The status line of a reservation, the door, is one component: the template
// door draws it and static/js/door.js keeps it live. Both know the same
// states (see Door).
package web
