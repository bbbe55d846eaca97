//go:build tools

// Package tools holds kustomize's version and checksums; it is never built itself.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
