"""Bad input and bad days: one clear line that says what to do, everybody else is served, nothing recorded is lost."""
