"""One call to a service: decided as a generator, answered, retried, paged."""
