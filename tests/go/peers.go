//go:build peers

// Package peers names what is built from this module, so that `go mod tidy` keeps it.
package peers

import (
	_ "github.com/lorenzodonini/ocpp-go/example/1.6/cs"
	_ "github.com/lorenzodonini/ocpp-go/example/2.0.1/csms"
)
