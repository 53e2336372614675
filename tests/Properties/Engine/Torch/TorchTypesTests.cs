using TorchSharp;

namespace Functional.Tests.Properties;

/// <summary>Tensors as a GPU's kernels want them.</summary>
[Collection(nameof(TorchTests))]
public sealed class TorchTypesTests
{
    /// <summary>Whatever view of a tensor: a part that begins anywhere, another order of axes, repeated rows, an axis of length 1.</summary>
    [TorchFact]
    public void What_a_GPUs_attention_reads_begins_at_whole_places()
    {
        using var passing = torch.NewDisposeScope();
        var x = torch.arange(1.0, 241.0, torch.ScalarType.Float32).reshape(2, 3, 5, 8);
        torch.Tensor[] views = [x, x.narrow(1, 1, 2), x.narrow(3, 1, 4), x.narrow(3, 1, 4).narrow(2, 3, 1),
            x.reshape(-1).narrow(0, 3, 160).reshape(2, 2, 5, 8), x.transpose(1, 3),
            x.narrow(0, 0, 1).expand(4, 3, 5, 8), x.narrow(2, 1, 1).narrow(1, 2, 1),
                x.to(torch.ScalarType.BFloat16).reshape(-1).narrow(0, 4, 16).reshape(1, 2, 1, 8)];
        foreach (var view in views)
        {
            var aligned = TorchTypes.Aligned(view);
            Assert.Equal(view.shape, aligned.shape);
            Assert.Equal(0, aligned.storage_offset() * aligned.element_size() % 16);
            Assert.Equal([.. view.shape.Select((_, axis) => view.shape.Skip(axis + 1).Aggregate(1L, static (a, d) => a * d))], aligned.stride());
            Assert.Equal(view.reshape(-1).to(torch.ScalarType.Float32).data<float>().ToArray(),
                aligned.reshape(-1).to(torch.ScalarType.Float32).data<float>().ToArray());
        }
    }
}
