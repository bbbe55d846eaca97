//! Checking objects against field tables, patches, raw objects.
