using Functional.Base;
using Functional.Families;
using Functional.Files;
using Functional.Storage;
using LanguageExt;

namespace Functional.Weights;

/// <summary>What a safetensors file lists.</summary>
static class SafeTensorsFile
{
    /// <summary>Its tensors, in the order of their bytes, or every fault of its header.</summary>
    public static Validation<Fault, Params<StoredWeight>> List(string path) => FileFaults.Open(path).Bind(stream =>
    {
        using (stream)
            return SafeTensorsHeader.Read(stream, path).Map(header =>
            {
                var start = stream.Position;
                return header.Tensors.Map(t => new StoredWeight(t.DType, t.Shape, Path.GetFileName(path))
                {
                    Start = start + t.Begin, Strides = ElementView.Of(t.Shape).Strides, Bytes = t.Bytes,
                });
            });
    });
}
