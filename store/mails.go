package store

import (
	"context"
	"errors"
	"time"

	"vetroom/clinic"
)

func mailFields(m *clinic.Mail) []field {
	return []field{
		{"reservation_id", &m.ReservationID}, {"kind", &m.Kind}, {"sequence", &m.Sequence}, {"vet_id", &m.VetID},
		{"start_at", millis{&m.Start}}, {"due_at", millis{&m.DueAt}}, {"tries", &m.Tries},
	}
}

// newMails gives what adds mails. One that is there already stays as it is.
func (t *tx) newMails(mails []clinic.Mail) []statement {
	rows := make([][]field, len(mails))
	for i := range mails {
		rows[i] = append(mailFields(&mails[i]), field{"claim", ""}, field{"claimed_until", 0}, field{"done_at", 0}, field{"outcome", ""})
	}
	return inserts(t.d, "mails", t.d.keepFirst("mails", "due_at"), rows...)
}

// PlanMails adds mails, all or none. Those that were added before change nothing.
func (s *Store) PlanMails(ctx context.Context, mails []clinic.Mail) error {
	if len(mails) == 0 {
		return nil
	}
	return s.writeAgain(ctx, "plan mails", func(t *tx) error { return t.run(ctx, t.newMails(mails)...) })
}

// ClaimMails gives the claim those of the mails that are due and that nobody else holds, oldest first, at most limit:
// theirs for as long as hold, unless they are finished or postponed before.
func (s *Store) ClaimMails(ctx context.Context, claim string, hold time.Duration, limit int) (won []clinic.Mail, err error) {
	now := s.Now()
	due, err := s.dueMails(ctx, now, limit)
	if err != nil || len(due) == 0 {
		return nil, s.fault("read the mails that are due", err)
	}
	err = s.writeAgain(ctx, "claim mails", func(t *tx) error {
		won = nil
		for _, m := range due {
			err := t.bump(ctx, "UPDATE mails SET claim = ?, claimed_until = ? WHERE "+oneMail+" AND done_at = 0 AND claimed_until <= ?",
				claim, now.Add(hold).UnixMilli(), m.ReservationID, m.Kind, m.Sequence, now.UnixMilli())
			if errors.Is(err, errConflict) {
				continue // another was faster
			}
			if err != nil {
				return err
			}
			won = append(won, *m)
		}
		return nil
	})
	return won, err
}

func (s *Store) dueMails(ctx context.Context, now time.Time, limit int) (due []*clinic.Mail, err error) {
	err = query(ctx, s.reader, func() []any {
		m := &clinic.Mail{}
		due = append(due, m)
		return values(mailFields(m))
	}, "SELECT "+columns("", mailFields(&clinic.Mail{}))+` FROM mails WHERE done_at = 0 AND due_at <= ? AND claimed_until <= ?
		ORDER BY due_at LIMIT ?`, now.UnixMilli(), now.UnixMilli(), limit)
	return due, err
}

const oneMail = "reservation_id = ? AND kind = ? AND sequence = ?"

// FinishMail notes what became of a mail: it is not tried again, whoever holds it.
func (s *Store) FinishMail(ctx context.Context, m clinic.Mail, outcome string) error {
	return s.writeAgain(ctx, "finish a mail", func(t *tx) error {
		_, err := t.ExecContext(ctx, "UPDATE mails SET done_at = ?, outcome = ? WHERE "+oneMail+" AND done_at = 0",
			s.Now().UnixMilli(), outcome, m.ReservationID, m.Kind, m.Sequence)
		return err
	})
}

// PostponeMail gives a mail back, to be tried again at due; it does nothing to one that the claim does not hold.
func (s *Store) PostponeMail(ctx context.Context, claim string, m clinic.Mail, due time.Time) error {
	return s.writeAgain(ctx, "postpone a mail", func(t *tx) error {
		_, err := t.ExecContext(ctx, "UPDATE mails SET due_at = ?, tries = tries + 1, claim = '', claimed_until = 0 WHERE "+oneMail+" AND claim = ? AND done_at = 0",
			due.UnixMilli(), m.ReservationID, m.Kind, m.Sequence, claim)
		return err
	})
}
