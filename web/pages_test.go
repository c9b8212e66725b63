package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// TestPagesShowTheirStates looks for what tells each state apart: selector,
// and how often it is there.
func TestPagesShowTheirStates(t *testing.T) {
	w := newWeb(t)
	all := samples()
	for name, want := range map[string]map[string]int{
		"home/empty":            {".next": 0, ".way": 3, ".way .presence.on": 0, `.way a[href="/check"]`: 1, `.way a[href="/vets"]`: 1, `.urgent a.danger[href="/hospitals?urgent=true"]`: 1, `a[href="/urgent"]`: 0, `.mine a[href="/reservations"]`: 1, `script[src*="session.js"]`: 0},
		"home/wait":             {".way .presence.on": 1, `.urgent a.danger[href="/urgent"]`: 1, `.urgent a.second[href="/hospitals?urgent=true"]`: 1},
		"home/next":             {".next form.door": 1, ".way .presence.on": 1, `script[src*="session.js"]`: 1, `script[src*="doors.js"]`: 1},
		"vets/list":             {".card.vet": 2, `.chip.on[href="/vets"]`: 1, `a.chip.time[href^="/vets/v1?from=2026-12-01&start=2026-12-01T05"]`: 1, `.more a[href*="cursor=c2"]`: 1, ".empty": 0},
		"vets/near":             {`.chip.on`: 2, `input[name="area"][value="skin"]`: 1, `input[name="near"]`: 1, `button[data-near]`: 0},
		"vets/filtered":         {".empty": 1, ".empty .chip": 4},
		"vets/empty":            {".empty": 1, ".empty .chip": 0},
		"vets/photo":            {`.card.vet[data-zone="America/New_York"] a[href="/vets/v1?screening=s1"]`: 1, `a.chip.time[href*="from=2026-12-01"][href*="screening=s1"]`: 1, `input[name="screening"][value="s1"]`: 1, `.chip[href="/vets?area=skin&screening=s1"]`: 1},
		"vet/fresh":             {`form[action="/vets/v1/book"][method="get"]`: 1, `input[type="hidden"]`: 0, `#times[data-vet="v1"][data-zone="Asia/Seoul"][data-from="2026-12-01"]`: 1, `input[name="start"]`: 29, ".slot.taken": 15, ".slot": 44, ".day": 7, ".tab": 7, `[autofocus]`: 0, `.field-error:not([hidden])`: 0, `a[rel="prev"]`: 0, `a[rel="next"][href="/vets/v1?from=2026-12-08#times"]`: 1},
		"vet/chosen":            {`input[name="start"][checked]`: 1, `input[name="screening"][value="s1"]`: 1, `input[name="flags"][value="none"]`: 1, `.tab:nth-of-type(2) input[checked]`: 1, `a[rel="next"][href*="screening=s1"]`: 1},
		"vet/abroad":            {`#times[data-zone="America/New_York"][data-vet-zone="Asia/Seoul"]`: 1, ".zone span": 1},
		"vet/taken":             {".slot.taken": 1, `[data-full] a[href*="start=2026-12-01T05"]`: 1, ".empty": 0},
		"vet/move":              {`form[action="/reservations/r1/reschedule"][method="post"]`: 1, `input[type="hidden"]`: 0, `a[rel="next"][href*="move=r1"]`: 1, `a[href="/reservations/r1"]`: 1},
		"vet/full":              {".empty": 1, ".slot": 0, `.empty a[href*="2026-12-08"]`: 1},
		"book/flags":            {"button.sign": 6, `.summary button[name="flags"][value="none"]`: 1, `input[name="start"][type="hidden"]`: 1, ".summary time": 1, `[data-booking]`: 0},
		"book/urgent":           {`.go-now [role="alert"]`: 1, ".nearby": 2, `a[href="tel:021234567"]`: 1, `a[href*="/hospitals?near="]`: 1},
		"book/fresh":            {`form[action="/vets/v1/book"][method="post"]`: 1, `input[name="idempotency_key"][value="k1"]`: 1, `input[type="hidden"][name="start"]`: 1, `.nearest[hidden]`: 1, `input[name="visit.area"]`: 2, `input[name="visit.prior_visit_on"]`: 0, `[aria-invalid]`: 0, `[autofocus]`: 0, `.field-error:not([hidden])`: 0, `[data-add-photo] input[name="screening_id"][disabled]`: 1},
		"book/photo":            {`.photo img`: 1, `input[name="screening_id"][value="s1"][checked]`: 1, `input[name="screening"]`: 1, `.prior[data-prior="eye"] input:not([required])`: 1},
		"book/wrong":            {`[aria-invalid]`: 3, `.field-error:not([hidden])`: 4, `input[name="owner.name"][value="보호자"]`: 1, `input[value="eye"][checked]`: 1, `.notice.wrong[role="alert"][autofocus]`: 1, `[autofocus]`: 1, "textarea b": 0, `input[name="visit.prior_visit_on"][required][max="2026-12-01"]`: 1, `input[name="screening_id"][checked]`: 0},
		"book/lost":             {`.notice.wrong`: 1, `.nearest:not([hidden]) input[type="radio"][name="start"]`: 3, `input[type="hidden"][name="start"]`: 0, `input[name="owner.name"][value="보호자"]`: 1},
		"book/full":             {`.nearest input`: 0, `[data-none-near]:not([hidden]) a[href^="/vets"]`: 1},
		"book/refused":          {`.actions a[href="/hospitals"]`: 1, `.actions a[href="/vets?area=skin"]`: 1},
		"reservations/list":     {".visit": 5, "form.door": 3, `.visit .chip.quiet`: 2, `form[action="/reservations/lookup"]`: 1},
		"reservations/empty":    {".visit": 0, ".empty": 1, `input[name="number"]`: 1, `input[name="phone"]`: 1, ".notice": 0},
		"reservations/expired":  {".notice.late": 1},
		"reservations/notfound": {".lookup .notice.wrong": 1, `input[name="phone"][value="010"]`: 1},
		"reservations/throttle": {".lookup .notice.wrong": 1},
		"booked/far":            {`.steps a[data-check][href="/reservations/r1/check"]`: 1, ".done": 1, "#link[readonly]": 1, "[data-number]": 1, `a[href="/api/v1/reservations/r1/calendar.ics"]`: 1, `a.button[href="/reservations/r1"]`: 1, ".steps li": 3, ".steps time": 2, "[data-mail]": 0, "form.door": 1, `form[action$="/cancel"]`: 0, ".timeline": 0},
		"booked/soon":           {".door-check": 1, ".steps [data-check]": 0, "[data-mail]": 1, ".steps li": 2, `form.door[data-zone="America/New_York"]`: 1, `h1 time[datetime="2026-12-01T03:04:00.000Z"]`: 1, `form.door[data-state="soon"]`: 1},
		"reservation/far":       {"[data-last-check]": 0, ".actions [data-check]": 1, ".done": 0, "#link": 0, ".timeline li": 1},
		"reservation/open":      {`form.door[data-state="open"]`: 1, ".timeline li": 7, ".timeline time": 7, `.timeline [data-what="quality"]`: 2, `form[action$="/cancel"]`: 0, `a[href*="move="]`: 0},
		"reservation/late":      {`form.door[data-state="late"][data-delayed="10"]`: 1},
		"reservation/too_late":  {".notice.wrong": 1},
		"reservation/cancelled": {"form.door": 0, `a[href$=".ics"]`: 0, `form[action$="/cancel"]`: 0},
		"reservation/no_show":   {"form.door": 0},
		"reservation/over":      {"[data-check]": 0, "form.door": 0, "h1 + p strong": 1, `a[href$=".ics"]`: 0},
		"vetlogin/fresh":        {`form[action="/vet/login"]`: 1, `input[name="next"][value="/vet/hours"]`: 1, `input[type="password"][name="password"]`: 1, ".notice": 0},
		"vetlogin/wrong":        {".notice.wrong": 1, `input[name="login"][value="han"]`: 1, `input[name="password"][value="x"]`: 0},
		"vetday/full":           {".patient": 4, ".patient form.door": 3, `.patient h3 a[href="/vet/reservations/r1"][data-choose="/vet?visit=r1"]`: 1, ".patient[data-chosen-one]": 1, "[data-chosen] form.door": 1, "[data-chosen] .photo": 1, ".patient [data-act]": 0, `[data-act="open"]`: 1, `[data-act="cancel"]`: 1, `[role="switch"][aria-checked="true"]`: 1, `form[action="/vet/logout"]`: 1, `form[data-follow-up] [name]`: 16, ".empty": 0, `a[href^="tel:"]`: 1},
		"vetday/empty":          {".patient": 0, ".empty": 1, "[data-chosen] *": 0},
		"vethours/form":         {`input[name="mon.from"]`: 3, `input[name="tue.from"]`: 2, `input[name="fri.to"][value="24:00"]`: 1, `input[name="exception.date"]`: 4, `select[name="exception.kind"]`: 4, ".notice": 0},
		"vethours/saved":        {".notice.good": 1, ".notice.late li": 1},
		"vethours/wrong":        {".notice.wrong": 1, `input[name="slot_minutes"][value="7"][aria-invalid]`: 1, ".field-error:not([hidden])": 4, `.hours-day:has([name="tue.from"]) .field-error`: 1},
		"reservation/checked":   {`.actions a[data-check][href="/reservations/r1/check"]`: 1, `[data-last-check] time[datetime="2026-12-01T02:30:00.000Z"]`: 1, `.door-check[href="/reservations/r1/check"]`: 1},
		"callcheck/owner":       {`[data-callcheck="room1"][data-step="idle"]`: 1, "video": 2, "meter": 2, ".tries li": 4, "[data-start]": 1, "[data-hear]": 1, "[data-chime]": 1, "[data-heard][hidden] button": 2, `[role="status"] [data-verdict-title]`: 1, "details[data-figures][hidden] dd": 5, "form.door": 1, "noscript": 1, `a[href="/reservations/r1"]`: 1},
		"callcheck/vet":         {`a[href="/vet/reservations/r1"]`: 1, ".door-check": 0},
		"callcheck/over":        {"video": 0, "[data-start]": 0, `a.button[href="/reservations/r1"]`: 1},
		"record/checked":        {"aside [data-last-check]": 1},
		"room/waiting":          {`[data-tick="connection"] [data-tick-verdict]`: 1, `.tick-more[href="/reservations/r1/check"]`: 1, `.call[data-entered="false"]`: 1, "video[data-self]": 1, "video[data-remote]": 1, ".ticks li": 3, "form.door[data-waiting]": 1, ".door-wait": 0, "[data-close]": 0, ".foot": 0, ".call-signs details[data-sign]": 2, "[data-stage-words][role=status]": 1},
		"room/vet":              {"[data-close]": 1, `dialog[data-asked]`: 2, `.ended a[href="/vet"]`: 1, `.ended a[data-onward][href="/vet/reservations/r1"]`: 1, "[data-extend]": 2, "[data-no-show][hidden]": 1, "[data-late-options]": 0},
		"error/404":             {`[data-status="404"]`: 1, `.actions a[href="/"]`: 1},
		"error/410":             {`.actions a[href="/reservations"]`: 1},
		"error/429":             {`.actions a[href="/vets"]`: 1},
	} {
		page, ok := all[name]
		if !ok {
			t.Errorf("no sample %q", name)
			continue
		}
		doc, _ := draw(t, w, "ko", page)
		for selector, n := range want {
			if got := doc.Find(selector).Length(); got != n {
				t.Errorf("%s: %d of %q, want %d", name, got, selector, n)
			}
		}
	}
}

// TestTheHeaderIsTheViewers: a page about a vet is not that vet's page.
func TestTheHeaderIsTheViewers(t *testing.T) {
	w := newWeb(t)
	for name, page := range samples() {
		doc, _ := draw(t, w, "en", page)
		want := page.layout().Vet != nil
		if got := doc.Find(`.top nav a[href="/vet"]`).Length() == 1; got != want {
			t.Errorf("%s: the vet's menu: %v", name, got)
		}
	}
}

func TestTheLanguageSwitchComesBack(t *testing.T) {
	w := newWeb(t)
	page := VetsPage{Layout: at("/vets?q=a&online=true")}
	doc, _ := draw(t, w, "ko", page)
	if got := doc.Find(".switch a").AttrOr("href", ""); got != "/lang/en?to=%2Fvets%3Fq%3Da%26online%3Dtrue" {
		t.Errorf("to %q", got)
	}
}

func TestTheSummarySaysWhatWasChosen(t *testing.T) {
	w, all := newWeb(t), samples()
	for name, want := range map[string]string{
		"vet/fresh": "No time chosen yet", "vet/chosen": "tomorrow 10:20 am", "book/fresh": "today 2:30 pm",
		"vet/abroad": "tomorrow 8:20 pm", "book/photo": "tomorrow 12:30 am",
		"book/lost": "Somebody else has just booked this time. Please take one close to it.",
	} {
		doc, _ := draw(t, w, "en", all[name])
		if got := strings.TrimSpace(doc.Find("[data-summary]").Text()); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestATimeIsSaidByBothClocks: the reader's, and the vet's where that shows another.
func TestATimeIsSaidByBothClocks(t *testing.T) {
	w, all := newWeb(t), samples()
	for name, want := range map[string]string{"vet/chosen": "", "vet/abroad": "tomorrow 10:20 am for the vet", "book/photo": "today 2:30 pm for the vet", "book/lost": ""} {
		doc, _ := draw(t, w, "en", all[name])
		if got := strings.TrimSpace(doc.Find("[data-there]").Text()); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestATimelineSaysAsMuchAsThereAreWordsFor(t *testing.T) {
	words := texts{"timeline.other": "noted", "timeline.quality": "quality", "timeline.quality_poor": "poor", "timeline.quality_poor_relay": "poor, relayed",
		"timeline.side_vet": "vet's: {words}", "timeline.checked": "tried", "timeline.tried_owner": "{words} by owner"}
	for entry, want := range map[Entry]string{
		{What: "unheard_of"}:                        "noted",
		{What: "quality"}:                           "quality",
		{What: "quality", Detail: "superb"}:         "quality",
		{What: "quality", Detail: "poor"}:           "poor",
		{What: "quality", Detail: "poor audio"}:     "poor",
		{What: "quality", Detail: "poor relay"}:     "poor, relayed",
		{What: "quality", Detail: "poor relay udp"}: "poor, relayed",
		{What: "quality", By: "vet"}:                "vet's: quality",
		{What: "checked", By: "owner"}:              "tried by owner",
		{What: "checked", By: "system"}:             "tried",
		{What: "unheard_of", By: "owner"}:           "noted",
	} {
		if got := words.happened(entry); got != want {
			t.Errorf("%+v: %q, want %q", entry, got, want)
		}
	}
}

func TestPhonesAreWrittenInGroups(t *testing.T) {
	for number, want := range map[string]string{"01012345678": "010-1234-5678", "0111234567": "011-123-4567", "+4915112345678": "+4915112345678", "021234567": "021234567"} {
		if got := phone(number); got != want {
			t.Errorf("%s is written %s, want %s", number, got, want)
		}
	}
}

func TestAnErrorOfTheHoursStandsAtItsDay(t *testing.T) {
	h := Hours{Weekly: []HoursRow{{Day: "mon"}, {Day: "thu"}}}
	for field, want := range map[string]string{
		"weekly[1].from": "weekly.thu", "weekly[0]": "weekly.mon", "weekly[2]": "weekly", "weekly[x]": "weekly", "weekly": "weekly",
		"exceptions[1].date": "exceptions", "slot_minutes": "slot_minutes",
	} {
		if got := h.At(field); got != want {
			t.Errorf("%s stands at %s, want %s", field, got, want)
		}
	}
}

func TestWhatPeopleWriteIsNeverMarkup(t *testing.T) {
	w := newWeb(t)
	evil := `"><script>alert(1)</script>`
	r := visitIn(time.Hour)
	r.Pet.Name, r.Symptoms, r.Vet.Name, r.Owner.Name, r.Owner.Phone = evil, evil, evil, evil, "javascript:1"
	v := sampleVet()
	v.Name, v.Description, v.Location, v.Img = evil, evil, evil, "javascript:1"
	for _, page := range []Page{
		HomePage{Layout: at(evil), Next: &r}, VetsPage{Layout: at(evil), Query: evil, Vets: []Vet{v}},
		VetPage{Layout: at(evil), Vet: v, Carry: Carry{Screening: evil, Near: evil}, Form: Form{Values: map[string]string{"start": evil}}},
		BookPage{Layout: at(evil), Vet: v, Key: evil, Carry: Carry{Screening: evil}, Photo: &AttachedPhoto{ID: evil, Img: evil}, Form: Form{Values: map[string]string{"symptoms": evil, "owner.name": evil}}},
		BookPage{Layout: at(evil), Vet: v, Flags: &Flags{Path: "/x", Keep: url.Values{evil: {evil}}}},
		ReservationPage{Layout: at(evil), Reservation: r}, BookedPage{Layout: at(evil), Reservation: r, Link: evil, Mail: evil}, RoomPage{Layout: at(evil), Reservation: r},
		VetDayPage{Layout: asVet("/vet"), Zone: seoul, Today: []Reservation{r}, Chosen: &Case{Reservation: r}},
		RecordPage{Layout: asVet("/vet"), Case: Case{Reservation: r}, Record: RecordText{Plan: evil}, Newest: 1, Chat: []ChatLine{{"owner", evil, noon}}},
	} {
		doc, _ := draw(t, w, "en", page)
		doc.Find("script").Each(func(_ int, s *goquery.Selection) {
			if strings.Contains(s.Text(), "alert") {
				t.Errorf("%T: a script came through", page)
			}
		})
		checkPolicy(t, doc)
	}
}

// TestEveryErrorSaysWhatToDo: no status leads to an empty page, also one that
// nobody thought of.
func TestEveryErrorSaysWhatToDo(t *testing.T) {
	w := newWeb(t)
	for _, status := range []int{400, 403, 404, 410, 413, 418, 429, 500, 503} {
		for _, lang := range Languages {
			doc, _ := draw(t, w, lang, ErrorPage{Layout: at("/x"), Status: status})
			if doc.Find("h1").Text() == "" || len(doc.Find(".error p").First().Text()) < 10 {
				t.Errorf("%d in %s says nothing", status, lang)
			}
		}
	}
}
