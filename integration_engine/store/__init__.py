"""What is kept: sealed submissions, notices and cases, blind indexes, inbox, outbox and the audit chain."""
