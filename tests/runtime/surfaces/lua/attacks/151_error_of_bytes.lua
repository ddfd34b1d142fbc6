-- expect: blocked
-- must not: hand the host a message that is no text
error("\xff\xfe bad \0 bytes")
