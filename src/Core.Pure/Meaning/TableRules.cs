using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>Reference evaluation of reading and adding rows of a table by index.</summary>
static class TableRules
{
    public static double[] Gather(Tensor node, Value table, Value indices)
    {
        var (result, width) = (new double[node.Type.Size], RowLength(table));
        for (var i = 0; i < indices.Items.Length; i++)
            table.Items.Slice(Row(node, indices[i], table) * width, width).CopyTo(result.AsSpan(i * width));
        return result;
    }

    public static double[] ScatterAdd(Tensor node, Value table, Value indices, Value updates)
    {
        var (result, width) = (table.Items.ToArray(), RowLength(table));
        for (var i = 0; i < indices.Items.Length; i++)
        {
            var row = Row(node, indices[i], table) * width;
            for (var j = 0; j < width; j++) result[row + j] += updates[i * width + j];
        }
        return result;
    }

    static int RowLength(Value table) => table.Items.Length / table.Type.Shape[0];

    static int Row(Tensor node, double index, Value table) => index >= 0 && index < table.Type.Shape[0]
        ? (int)index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"{node.Op} has an index outside its table of {table.Type.Shape[0]} rows.");
}
