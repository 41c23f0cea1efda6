"""What the rows beside a user are called, for whoever goes through the user's partition and needs
nothing else of them.
"""

SIGN_INS_SORT_KEY = "#SIGN_IN"
INACTIVITY_SORT_KEY = "#INACTIVITY"
