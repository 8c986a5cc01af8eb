/// The name among `candidates` that somebody most likely meant by `word`, or `nil` where none is near.
///
/// Near is an edit distance (insertions, deletions, changed and swapped neighbouring letters) of at most a third of the
/// word's length. Words longer than any token are not compared.
func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().utf8)
    guard letters.count <= 64 else { return nil }
    // Later candidates must be nearer than the best one before them.
    var allowed = max(1, letters.count / 3)
    var best: String?
    for candidate in candidates where abs(candidate.utf8.count - letters.count) <= allowed {
        guard let distance = editDistance(letters, Array(candidate.utf8), atMost: allowed) else { continue }
        best = candidate
        allowed = distance - 1
        if distance == 0 { break }
    }
    return best
}

/// The optimal string alignment distance; `nil` where it is greater than a limit.
private func editDistance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int? {
    // What both begin with costs nothing, and the tokens of modules all begin alike.
    var common = 0
    while common < left.count, common < right.count, left[common] == right[common] { common += 1 }
    var beforeLast: [Int] = []
    var last = Array(0...right.count - common)
    var current = last
    var least = 0
    for row in common..<left.count {
        let leastBefore = least
        current[0] = row - common + 1
        least = current[0]
        for column in common..<right.count {
            let place = column - common
            var distance = last[place] + (left[row] == right[column] ? 0 : 1)
            if last[place + 1] + 1 < distance { distance = last[place + 1] + 1 }
            if current[place] + 1 < distance { distance = current[place] + 1 }
            if row > common, place > 0, left[row] == right[column - 1], left[row - 1] == right[column],
                beforeLast[place - 1] + 1 < distance
            {
                distance = beforeLast[place - 1] + 1
            }
            current[place + 1] = distance
            if distance < least { least = distance }
        }
        // No later row falls below the least distances of two in succession.
        if least > limit, leastBefore > limit { return nil }
        beforeLast = last
        last = current
    }
    return last[right.count - common] <= limit ? last[right.count - common] : nil
}
