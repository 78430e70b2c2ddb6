"""Question -> candidate's answer -> grade with reasons -> what to ask next."""
