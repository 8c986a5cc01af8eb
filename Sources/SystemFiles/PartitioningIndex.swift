extension RandomAccessCollection {
    /// The first index from which on a condition holds, found by halving; `endIndex` where it holds for none.
    ///
    /// The elements must be partitioned by the condition: where it holds for one of them, it holds for all that follow, as
    /// in a sorted array it does for what is not less than a value. Otherwise the index is some index. The name is that of
    /// swift-algorithms; a range of numbers is searched by numbers, `(0..<count).partitioningIndex { … }`.
    ///
    /// It is inlined into other rooms, since macros are looked for with it at every place of a configuration's values.
    ///
    /// - Parameter belongsInSecondPartition: The condition; it is asked of no element twice.
    /// - Complexity: O(log *n*) calls of the condition.
    @inlinable
    public func partitioningIndex(where belongsInSecondPartition: (Element) -> Bool) -> Index {
        var low = startIndex
        // How many elements from there on may be the first one.
        var rest = count
        while rest > 0 {
            let half = rest / 2
            let middle = index(low, offsetBy: half)
            if belongsInSecondPartition(self[middle]) {
                rest = half
            } else {
                low = index(after: middle)
                rest -= half + 1
            }
        }
        return low
    }
}
