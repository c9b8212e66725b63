package schema

import (
	"reflect"

	"vetroom/clinic"
)

// words are all that a type of word may be on the wire. A party may be nobody.
var words = map[reflect.Type][]any{
	kind[clinic.State]():          list(clinic.StateConfirmed, clinic.StateCompleted, clinic.StateCancelled, clinic.StateNoShow),
	kind[clinic.Kind]():           list(clinic.KindScheduled, clinic.KindFollowUp, clinic.KindInstant),
	kind[clinic.RoomState]():      list(clinic.RoomLocked, clinic.RoomOpened, clinic.RoomShut),
	kind[clinic.SlotState]():      list(clinic.SlotFree, clinic.SlotTaken, clinic.SlotPast),
	kind[clinic.Role]():           list(clinic.RoleOwner, clinic.RoleVet),
	kind[clinic.Area]():           list(clinic.Areas...),
	kind[clinic.Party]():          list("", clinic.ByOwner, clinic.ByVet, clinic.BySystem, clinic.BySchedule),
	kind[clinic.InstantState]():   list(clinic.InstantQueued, clinic.InstantRinging, clinic.InstantAccepted, clinic.InstantExpired, clinic.InstantLeft),
	kind[clinic.ScreeningState](): list(clinic.ScreeningQueued, clinic.ScreeningDone, clinic.ScreeningFailed),
	kind[clinic.FindingCode]():    list(clinic.FindingCodes...),
	kind[clinic.MarkKind]():       list(clinic.MarkKinds...),
	kind[clinic.MarkColour]():     list(clinic.MarkColours...),
	kind[clinic.QualityNote]():    list(clinic.PhotoTooSmall, clinic.PhotoBlurred, clinic.PhotoDark, clinic.PhotoBright),
	kind[clinic.ReasonCode](): list(clinic.ReasonEnded, clinic.ReasonVet, clinic.ReasonOwner, clinic.ReasonCancelled, clinic.ReasonNoShow,
		clinic.ReasonPermit, clinic.ReasonLogout, clinic.ReasonAbsent, clinic.ReasonUnavailable, clinic.ReasonRefused, clinic.ReasonInvalidResult),
	kind[clinic.What](): list(clinic.WhatBooked, clinic.WhatMoved, clinic.WhatCancelled, clinic.WhatDelayed, clinic.WhatExtended,
		clinic.WhatCompleted, clinic.WhatNoShow, clinic.WhatOpened, clinic.WhatDue, clinic.WhatEmitted, clinic.WhatOwnerTold, clinic.WhatVetTold,
		clinic.WhatOwnerJoined, clinic.WhatVetJoined, clinic.WhatConnected, clinic.WhatLeft, clinic.WhatClosed, clinic.WhatAsked, clinic.WhatRung,
		clinic.WhatUnanswered, clinic.WhatDeclined, clinic.WhatAccepted, clinic.WhatChecked, clinic.WhatQuality, clinic.WhatStill),
}

func kind[T ~string]() reflect.Type { return reflect.TypeFor[T]() }

func list[T ~string](all ...T) []any {
	values := make([]any, len(all))
	for i, word := range all {
		values[i] = string(word)
	}
	return values
}
