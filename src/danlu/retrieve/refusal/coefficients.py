"""Written by `benchmarks/retrieve_refusal.py --fit`: how much each sign counts, and where the second stage refuses.

Log-odds by language, in the units of answerable.py; "" is what they start from. ANSWER_READ takes the place of ANSWER where the
index's encoder reads single sentences (nearness.py).
"""

DOMAIN = {
    "zh": {
        "": -2.467,
        "keyness": 0.238,
        "mean keyness": 0.389,
        "unknown": -1.495,
        "covered": 1.271,
        "heading": 2.062,
        "held": 2.791,
        "characters": 2.014,
        "dense": 0.192,
    },
    "en": {
        "": -2.898,
        "keyness": 0.392,
        "mean keyness": 0.492,
        "unknown": -1.794,
        "covered": 2.415,
        "heading": 3.093,
        "held": 3.074,
        "dense": -0.012,
    },
}
ANSWER = {
    "zh": {
        "": -1.74,
        "missing": 0.186,
        "pointed": 1.145,
        "heading": 1.093,
        "characters": 2.969,
        "dense": -0.035,
    },
    "en": {
        "": -0.428,
        "unknown": -2.343,
        "missing": 0.181,
        "covered": 1.728,
        "pointed": 1.222,
        "heading": 2.179,
    },
}
ANSWER_READ = {
    "zh": {
        "": -2.54,
        "missing": 0.187,
        "pointed": 1.534,
        "heading": 0.241,
        "characters": 1.977,
        "near": 0.399,
    },
    "en": {
        "": -1.045,
        "unknown": -1.462,
        "missing": 0.236,
        "covered": 2.443,
        "heading": 2.01,
        "near": 0.245,
    },
}
LEAST_ANSWER = {"zh": -0.75, "en": -0.97}
LEAST_ANSWER_READ = {"zh": -0.96, "en": -0.65}
