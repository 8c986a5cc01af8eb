import SystemFiles
import Testing

@Suite("The search by halves")
struct PartitioningIndexTests {
    @Test("It finds the first element that a condition holds for, or the end", arguments: 0...33)
    func everyPartition(count: Int) {
        for first in 0...count {
            var asked: [Int] = []
            let found = (0..<count).partitioningIndex {
                asked.append($0)
                return $0 >= first
            }
            #expect(found == first)
            #expect(Set(asked).count == asked.count && asked.allSatisfy { (0..<count).contains($0) })
            // As many halvings as it takes to be left with nothing.
            #expect(asked.count <= Int.bitWidth - count.leadingZeroBitCount)
        }
    }

    @Test("Indices of slices and of ranges are their own")
    func indices() {
        let numbers = [1, 3, 3, 3, 7, 9]
        #expect(numbers.partitioningIndex { $0 >= 3 } == 1)
        #expect(numbers[2...].partitioningIndex { $0 >= 3 } == 2)
        #expect(numbers[2...].partitioningIndex { $0 > 3 } == 4)
        #expect(numbers[2..<4].partitioningIndex { $0 > 3 } == 4)
        #expect((10..<20).partitioningIndex { $0 * $0 > 200 } == 15)
        #expect((10..<10).partitioningIndex { _ in true } == 10)
        // The number of elements of a range may be as large as there are numbers.
        #expect((0..<Int.max).partitioningIndex { $0 >= Int.max - 1 } == Int.max - 1)
    }

    @Test("Elements that a condition does not partition give some index")
    func unpartitioned() {
        let numbers = [5, 1, 4, 2, 3]
        for number in 0...6 {
            let found = numbers.partitioningIndex { $0 >= number }
            #expect((0...numbers.count).contains(found))
        }
    }
}
