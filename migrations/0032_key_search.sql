-- What pages show of a key finds it at once among millions: for operators who look for the owner of a leaked one.
CREATE INDEX keys_by_prefix ON keys (prefix);
CREATE INDEX keys_by_last4 ON keys (last4);
CREATE INDEX old_secrets_by_prefix ON old_secrets (prefix);
CREATE INDEX old_secrets_by_last4 ON old_secrets (last4);
