using System.Numerics.Tensors;
using Functional.Base;
using Functional.Families;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// Numbers of published weights that are none. A model with one of them says nothing but that, whatever it is asked, so it is refused where it is read: by one look over
/// what has just come into memory.
/// </summary>
static class FiniteWeights
{
    /// <summary>Whether all that was read is finite; else the tensor and the place of the first number that is not.</summary>
    /// <param name="weights">The folder.</param>
    /// <param name="pieces">Which elements of which of its tensors were read, and where they went.</param>
    /// <param name="read">What they were read into.</param>
    public static Validation<Fault, Unit> Check(WeightFolder weights, IEnumerable<(string Theirs, TensorPiece Piece)> pieces, ReadOnlySpan<float> read)
    {
        // The greatest magnitude is NaN where one number is.
        if (read.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(read))) return Success<Fault, Unit>(unit);
        foreach (var (theirs, piece) in pieces)
        {
            var alone = ElementView.Of(piece.From.Sizes);
            var numbers = new float[checked((int)alone.Count)];
            if (weights.Read(theirs, piece.From, numbers, alone) is { IsFail: true } failed) return failed;
            if (System.Array.FindIndex(numbers, static n => !float.IsFinite(n)) is >= 0 and var at)
                return Fault.Of<Unit>(weights.Named(theirs), $"holds {Shown(numbers[at])} as its number {PlaceOf(piece.From, at)}",
                    "expected finite numbers, which fit into float32");
        }
        return Success<Fault, Unit>(unit);
    }

    static string Shown(float number) => float.IsNaN(number) ? "NaN" : number > 0 ? "infinity" : "-infinity";

    // Where the n-th element of a view stands among the tensor's own.
    static long PlaceOf(ElementView view, long n)
    {
        var place = view.Offset;
        for (var axis = view.Sizes.Count - 1; axis >= 0; n /= view.Sizes[axis], axis--) place += n % view.Sizes[axis] * view.Strides[axis];
        return place;
    }
}
