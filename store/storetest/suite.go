package storetest

import (
	"errors"
	"testing"
)

// Run holds a kind of database to the store's contract. fresh gives the URL of an empty database of a test's own.
func Run(t *testing.T, fresh func(*testing.T) string) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func(*testing.T) string)
	}{
		{"schema", testSchema},
		{"visits are read as they were saved", testRoundTrip},
		{"what cannot be an id is not found", testStrangeIDs},
		{"numbers rise", testNumbering},
		{"what is due stays", testDueStays},
		{"neighbours", testNeighbours},
		{"reservation and room apart", testApart},
		{"idempotency", testIdempotency},
		{"links and grants", testKeys},
		{"links and grants end", testKeysEnd},
		{"revocations", testRevocations},
		{"numbers are drawn again", testNumberTaken},
		{"a rollback leaves nothing", testRollback},
		{"vets", testVets},
		{"vets by page", testVetPages},
		{"presence", testPresence},
		{"hospitals", testHospitals},
		{"hospitals are read whole", testHospitalsWhole},
		{"timeline", testTimeline},
		{"seats and rooms", testSeats},
		{"leases", testLeases},
		{"claims", testClaims},
		{"claimers race", testClaimersRace},
		{"marks", testMarks},
		{"prune", testPrune},
		{"racers for one slot", testRacersForOneSlot},
		{"racers who are saved together", testRacersTogether},
		{"a fault among racers", testFaultAmongRacers},
		{"racers of unequal lengths", testUnequalRacers},
		{"racers side by side", testAdjacentRacers},
		{"racers with one key", testKeyRacers},
		{"racers for one visit", testVisitRacers},
		{"racers for one vet", testVetRacers},
		{"change against claim", testChangeAgainstClaim},
		{"permit against booking", testPermitAgainstBooking},
		{"a vet changed elsewhere", testVetChangedElsewhere},
		{"reads are current", testReadsAreCurrent},
		{"calendar", testCalendar},
		{"what was left early", testLeftEarly},
		{"a look at a visit", testLook},
		{"on due", testOnDue},
		{"records", testRecords},
		{"writers race for one record", testRecordRacers},
		{"earlier visits", testEarlierVisits},
		{"chat", testChat},
		{"who is seated", testSeated},
		{"decided on a seat", testDecidedOnASeat},
		{"transfer", testTransfer},
		{"transfer of who is gone", testTransferOfWhoIsGone},
		{"transfer against booking", testTransferAgainstBooking},
		{"mails of a visit", testMails},
		{"mails are claimed once", testMailClaims},
		{"instant requests", testInstant},
		{"an instant request accepted", testInstantAccepted},
		{"instant requests by one key", testInstantKeys},
		{"an instant request asked again", testAskedAgain},
		{"a call that ended early", testClosedGivesTimeBack},
		{"racers for one instant request", testInstantRacers},
		{"an instant request left or accepted", testInstantLeftOrAccepted},
		{"an instant request against a booking", testInstantAgainstBooking},
		{"dispatchers race", testDispatchers},
		{"screenings", testScreenings},
		{"a screening is attached", testAttached},
		{"old screenings are forgotten", testForgetScreenings},
		{"photos are claimed", testClaimPhotos},
		{"workers race", testWorkersRace},
		{"a booking against forgetting", testBookingAgainstForgetting},
		{"stills", testStills},
		{"a still is kept once, in an open room", testStillRefused},
		{"racers for the last stills", testStillRacers},
		{"many draw on one still", testStillDrawers},
		{"a still is screened", testStillScreened},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fresh) })
	}
}

func is(got, want error) bool { return got == want || errors.Is(got, want) }
