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
// since it would deliver in ours.
const (
	applicationAccount = "VETROOM"
	subscriberAccount  = "SUBSCRIBERS"
)

// gatePrefix is where a subscriber's "$JS.API.CONSUMER.CREATE.…" arrives in the application's account.
const (
	gatePrefix   = "_vr.gate."
	createPrefix = "$JS.API.CONSUMER.CREATE."
)

// service is a request that the application's account answers to subscribers.
type service struct {
	Subject string
	Many    bool // more than one answer may come to one request
}

// subscriberServices are all that a subscriber may ask for: who the streams are, messages of the four streams, and
// consumers on them. Not in it: creating, changing, purging and deleting a stream, deleting a message, and listing
// consumers, whose names are what protects those of others.
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
		"Streams":   slices.Sorted(maps.Values(events.Streams)),
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
      {service: "` + gatePrefix + `>", accounts: [` + subscriberAccount + `]}
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
        "` + createPrefix + `>"
{{- range .Services}}
        "{{.Subject}}"
{{- end}}
      ] }
      subscribe: { allow: [
        "_INBOX.>"
{{- range .Streams}}
        "{{.}}"
{{- end}}
      ] }
    }} ]
    imports: [
      {service: {account: ` + applicationAccount + `, subject: "` + gatePrefix + `>"}, to: "` + createPrefix + `>"}
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
