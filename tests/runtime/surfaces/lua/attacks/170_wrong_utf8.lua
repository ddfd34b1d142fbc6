-- expect: harmless
-- must not: encode or decode what is no UTF-8
return {pcall(json.encode, "\xed\xa0\x80"), pcall(json.encode, "\xf4\x90\x80\x80"), pcall(json.encode, {["\xff"] = 1}), pcall(json.decode, '"\xff"'), json.encode("\u{7f}\u{2028}")}
