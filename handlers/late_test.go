package handlers

import (
	"testing"
	"time"
)

// late is a visit that began a while ago and whose vet did not come, and another vet who is online.
func late(t *testing.T, since time.Duration) (s *testSite, owner *browser, r reservationJSON, other string) {
	s = newSite(t)
	other = s.addVet("lee", "Lee").ID
	owner = s.browser()
	r = owner.booked("2026-11-30T03:20:00.000Z")
	s.clock.move(20*time.Minute + since)
	s.signedIn("lee").send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	return s, owner, r, other
}

func TestALateVetIsShown(t *testing.T) {
	s, owner, r, _ := late(t, 3*time.Minute)
	path := "/api/v1/reservations/" + r.ID
	if got := decoded[reservationJSON](owner.get(path).ok(200)); got.Room.DelayedMinutes != 3 {
		t.Errorf("three minutes on %+v", got.Room)
	}
	vet := s.signedIn("kim")
	vet.post("/api/v1/vet/rooms/"+r.Room.ID+"/delay", obj{"minutes": 10}).ok(200)
	if got := decoded[reservationsJSON](owner.get("/api/v1/reservations").ok(200)); got.Reservations[0].Room.DelayedMinutes != 10 {
		t.Errorf("as announced %+v", got.Reservations[0].Room)
	}
	s.clock.move(9 * time.Minute)
	if got := decoded[reservationsJSON](s.signedIn("kim").get("/api/v1/vet/reservations").ok(200)); got.Reservations[0].Room.DelayedMinutes != 12 {
		t.Errorf("later than announced %+v", got.Reservations[0].Room)
	}
}

func TestTransfer(t *testing.T) {
	s, owner, r, other := late(t, 2*time.Minute)
	path := "/api/v1/reservations/" + r.ID
	found := decoded[alternativesJSON](owner.get(path + "/alternatives?near=37.5,127").ok(200))
	if !found.Late || found.DelayedMinutes != 2 || len(found.Vets) != 1 || found.Vets[0].ID != other || found.Vets[0].DistanceKm == nil {
		t.Fatalf("alternatives %+v", found)
	}
	got := decoded[reservationJSON](owner.post(path+"/transfer", obj{"vet_id": other}).ok(200))
	if got.Vet.ID != other || got.Room.ID != r.Room.ID || got.Start != r.Start || got.Room.State != "open" || got.Number != r.Number {
		t.Errorf("transferred %+v", got)
	}
	owner.post(path+"/transfer", obj{"vet_id": other}).ok(200) // it is there
	s.signedIn("kim").post("/api/v1/vet/rooms/"+r.Room.ID+"/close", nil).refused(404, "not_found")
	s.signedIn("lee").post("/api/v1/vet/rooms/"+r.Room.ID+"/extend", obj{"minutes": 5}).ok(200)
	s.clock.move(40 * time.Minute)
	owner.post(path+"/transfer", obj{"vet_id": s.vet.ID}).refused(409, "closed")
}

func TestTransferRefuses(t *testing.T) {
	s, owner, r, other := late(t, -time.Second)
	path := "/api/v1/reservations/" + r.ID
	to := func(vet string) obj { return obj{"vet_id": vet} }
	if got := decoded[alternativesJSON](owner.get(path + "/alternatives").ok(200)); got.Late || len(got.Vets) != 0 {
		t.Errorf("before the start %+v", got)
	}
	owner.post(path+"/transfer", to(other)).refused(409, "too_early")
	s.clock.move(time.Second)
	s.store.kept.seated = map[string]bool{r.ID: true}
	owner.post(path+"/transfer", to(other)).refused(409, "too_early")
	s.store.kept.seated = nil
	owner.post(path+"/transfer", obj{}).refused(422, "invalid").at(t, "vet_id")
	owner.post(path+"/transfer", to("x")).refused(422, "invalid").at(t, "vet_id")
	owner.post(path+"/transfer", to(r.ID)).refused(404, "not_found")
	s.browser().post(path+"/transfer", to(other)).refused(404, "not_found")
	s.browser().get(path+"/alternatives").refused(404, "not_found")
	s.signedIn("kim").post(path+"/transfer", to(other)).refused(404, "not_found")

	lee := s.signedIn("lee")
	lee.send("PUT", "/api/v1/vet/online", obj{"online": false}).ok(200)
	owner.post(path+"/transfer", to(other)).refused(422, "slot_not_offered")
	lee.send("PUT", "/api/v1/vet/online", obj{"online": true}).ok(200)
	lee.post("/api/v1/vet/reservations", s.followUp(monday.Add(30*time.Minute), 5)).ok(201)
	owner.post(path+"/transfer", to(other)).refused(409, "slot_taken")
	if got := decoded[alternativesJSON](owner.get(path + "/alternatives").ok(200)); !got.Late || len(got.Vets) != 0 {
		t.Errorf("the only one is busy: %+v", got)
	}
	s.store.vets[other].Permits = nil
	owner.post(path+"/transfer", to(other)).refused(422, "not_permitted")
}

func TestAnAnnouncedDelayIsEnough(t *testing.T) {
	s, owner, r, other := late(t, -10*time.Minute)
	s.signedIn("kim").post("/api/v1/vet/rooms/"+r.Room.ID+"/delay", obj{"minutes": 15}).ok(200)
	if got := decoded[reservationJSON](owner.post("/api/v1/reservations/"+r.ID+"/transfer", obj{"vet_id": other}).ok(200)); got.Room.DelayedMinutes != 0 || got.Room.State != "locked" {
		t.Errorf("transferred %+v", got.Room)
	}
}

func TestTheOwnerOfALateVetMayMove(t *testing.T) {
	s, owner, r, _ := late(t, 30*time.Second)
	path := "/api/v1/reservations/" + r.ID + "/reschedule"
	owner.post(path, obj{"start": tuesday9}).refused(409, "too_late") // half a minute is not worth it
	s.clock.move(time.Minute)
	got := decoded[reservationJSON](owner.post(path, obj{"start": tuesday9}).ok(200))
	if got.Start != tuesday9 || got.Room.State != "locked" || got.Room.DelayedMinutes != 0 {
		t.Errorf("moved %+v", got)
	}
}
