package jetstream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/nats-io/nats-server/v2/server"

	"vetroom/events"
)

// The server's accounts. An account is a subject space of its own, which is what keeps a subscriber harmless: within one
// account the server publishes its answer on whatever reply subject a request names, into a stream as well, and asks for
// no permission; and it delivers a consumer's messages on any subject on which somebody listens. With the subscriber in
// an account of its own an answer goes back into that account; and a consumer is made through the gate (gate.go) only,
// since it delivers in ours.
const (
	applicationAccount = "VETROOM"
	subscriberAccount  = "SUBSCRIBERS"
)

// gatePrefix is where a subscriber's requests to make a consumer arrive in the application's account.
const (
	gatePrefix    = "_vr.gate."
	createPrefix  = "$JS.API.CONSUMER.CREATE."
	durablePrefix = "$JS.API.CONSUMER.DURABLE.CREATE." // the older way, still that of nats-py
)

// gateway is one way to ask for a consumer: as a subscriber asks, and as it arrives at the gate.
type gateway struct{ API, Gate string }

var gateways = []gateway{
	{API: createPrefix, Gate: gatePrefix + "create."},
	{API: durablePrefix, Gate: gatePrefix + "durable."},
}

// Where a push consumer of a subscriber delivers: an inbox of one token, as the clients' NewInbox makes it. It is all of
// "_INBOX." that crosses to the subscribers. Our processes have none there (inboxPrefix). Another client with the
// application's user has its answers at "_INBOX.<client>.<request>", which is not heard either; what its own consumers
// deliver to one token is. The names are the same on both sides: a server that maps them gives the second of two who
// listen to one inbox the inbox for the message's subject (nats-server 2.15.2).
const (
	pushPrefix   = "_INBOX."
	pushSubjects = pushPrefix + "*"
)

// service is a request that the application's account answers to subscribers.
type service struct {
	Subject string
	Many    bool // more than one answer may come to one request
}

// subscriberServices are all that a subscriber may ask for past the gate: who the streams are, messages of the four
// streams, and the use of consumers on them. Not in it: creating, changing, purging and deleting a stream, deleting a
// message, and listing consumers, whose names are what protects those of others.
func subscriberServices() []service {
	services := []service{
		{Subject: "$JS.API.INFO"},
		{Subject: "$JS.API.STREAM.NAMES"},
		{Subject: "$JS.API.STREAM.LIST"},
	}
	for _, stream := range slices.Sorted(maps.Keys(events.Streams)) {
		services = append(services,
			service{Subject: "$JS.API.STREAM.INFO." + stream},
			service{Subject: "$JS.API.STREAM.MSG.GET." + stream},
			service{Subject: "$JS.API.DIRECT.GET." + stream, Many: true},
			service{Subject: "$JS.API.DIRECT.GET." + stream + ".>"},
			service{Subject: "$JS.API.CONSUMER.INFO." + stream + ".*"},
			service{Subject: "$JS.API.CONSUMER.DELETE." + stream + ".*"},
			service{Subject: "$JS.API.CONSUMER.MSG.NEXT." + stream + ".*", Many: true},
			service{Subject: "$JS.ACK." + stream + ".>", Many: true},
			service{Subject: "$JS.FC." + stream + ".>"},
		)
	}
	return services
}

// setAccounts gives the server its two accounts and users.
func setAccounts(opts *server.Options, pw passwords) error {
	text, err := accountsConfig(pw)
	if err != nil {
		return err
	}
	var own server.Options
	if err := own.ProcessConfigString(text); err != nil {
		return fmt.Errorf("make the server's accounts: %w", err)
	}
	opts.Accounts, opts.Users = own.Accounts, own.Users
	return nil
}

// accountsConfig is the accounts in the server's own configuration language: what it means is its documentation's.
func accountsConfig(pw passwords) (string, error) {
	var text strings.Builder
	err := accountsTemplate.Execute(&text, map[string]any{
		"Streams":   append(slices.Sorted(maps.Values(events.Streams)), pushSubjects),
		"Gateways":  gateways,
		"Services":  subscriberServices(),
		"Passwords": pw,
	})
	if err != nil {
		return "", fmt.Errorf("write the server's accounts: %w", err)
	}
	return text.String(), nil
}

var accountsTemplate = template.Must(template.New("accounts").Parse(`
accounts {
  ` + applicationAccount + ` {
    jetstream: enabled
    users: [ {user: ` + applicationUser + `, password: "{{.Passwords.Application}}"} ]
    exports: [
{{- range .Gateways}}
      {service: "{{.Gate}}>", accounts: [` + subscriberAccount + `]}
{{- end}}
{{- range .Streams}}
      {stream: "{{.}}", accounts: [` + subscriberAccount + `]}
{{- end}}
{{- range .Services}}
      {service: "{{.Subject}}", response_type: {{if .Many}}stream{{else}}singleton{{end}}, accounts: [` + subscriberAccount + `]}
{{- end}}
    ]
  }
  ` + subscriberAccount + ` {
    users: [ {user: ` + subscriberUser + `, password: "{{.Passwords.Subscriber}}", permissions: {
      publish: { allow: [
{{- range .Gateways}}
        "{{.API}}>"
{{- end}}
{{- range .Services}}
        "{{.Subject}}"
{{- end}}
      ] }
      subscribe: { allow: [ "_INBOX.>", "vetroom.>" ] }
    }} ]
    imports: [
{{- range .Gateways}}
      {service: {account: ` + applicationAccount + `, subject: "{{.Gate}}>"}, to: "{{.API}}>"}
{{- end}}
{{- range .Streams}}
      {stream: {account: ` + applicationAccount + `, subject: "{{.}}"}}
{{- end}}
{{- range .Services}}
      {service: {account: ` + applicationAccount + `, subject: "{{.Subject}}"}}
{{- end}}
    ]
  }
}
`))
