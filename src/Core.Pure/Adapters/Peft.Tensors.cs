using Functional.Base;
using Functional.Families;
using Functional.Models;

namespace Functional.Adapters;

public static partial class Peft
{
    // Of names that are both in use, the one that is there; else the one that PEFT writes today.
    static Vec<TheirTensor> TensorsOf(PublishedModel published, LoraPlan plan, Vec<PeftModule> modules, Vec<(string Name, Vec<string> Ours)> replaced,
        Vec<string> there)
    {
        var adapters = plan.Adapters.ToDictionary(static a => a.Site.Name, StringComparer.Ordinal);
        var adapted = modules.Where(m => m.Site is { } site && adapters.ContainsKey(site.Name)).ToVec();
        return
        [
            .. adapted.SelectMany(m => m.Tensors(adapters[m.Site!.Name])),
            .. Copied(published, modules).SelectMany(t => CopiesOf(t, plan, published, replaced).Select(pieces => t with
            {
                Name = Named(LoraPlan.ModuleOf(t.Name), t.Name, pieces.Whole), Pieces = pieces.Pieces,
            })),
        ];

        // What stands below an adapter is called so; what is saved whole is not.
        string Named(string module, string name, bool whole)
        {
            var (plain, under) = ($"{Prefix}{name}", $"{Prefix}{module}.base_layer{name[module.Length..]}");
            var below = adapted.Any(m => m.Name == module) && (!whole || replaced.Any(r => r.Name == module));
            return below ? there.Contains(plain) && !there.Contains(under) ? plain : under : plain;
        }
    }

    // All tensors of a model, a tied head among them.
    static Vec<TheirTensor> Copied(PublishedModel published, Vec<PeftModule> modules)
    {
        var (head, tensors) = ($"{PeftModule.HeadName(published)}.weight", published.Tensors);
        return tensors.Any(t => t.Name == head) || !modules.Any(static m => m.Site is { Kind: SiteKind.Head }) ? tensors
            : [.. tensors, TheirTensor.Same(head, "tokens", published.Config.Vocabulary, published.Config.EmbeddingWidth > 0
                ? published.Config.EmbeddingWidth : published.Config.Width)];
    }

    // The pieces of a tensor that copies have, where they have all of it.
    static IEnumerable<(Vec<TensorPiece> Pieces, bool Whole)> CopiesOf(TheirTensor tensor, LoraPlan plan, PublishedModel published,
        Vec<(string Name, Vec<string> Ours)> replaced)
    {
        var module = LoraPlan.ModuleOf(tensor.Name);
        var ofHead = module == PeftModule.HeadName(published);
        // Where the head is tied, what replaces one replaces both.
        bool IsFor(OwnCopy copy) => copy.Learns ? copy.ForHead == ofHead : replaced.Any(r => r.Name == module) && (IsTied(published) || copy.ForHead == ofHead);
        Vec<(TensorPiece Piece, OwnCopy Copy)> found =
        [
            .. from piece in tensor.Pieces
               from copy in plan.Copies
               where copy.Of == piece.Ours && IsFor(copy) && Within(piece, copy, published)
               select (piece with { Ours = copy.Name, To = piece.To with { Offset = piece.To.Offset - copy.First } }, copy),
        ];
        if (found.Count > 0 && found.Map(static f => f.Piece.From).Distinct().Count() == tensor.Pieces.Count) yield return (found.Map(static f => f.Piece),
            !tensor.Name.EndsWith(".bias", StringComparison.Ordinal));
    }

    static bool IsTied(PublishedModel published) => published.Config is { TiedHead: true, Labels: 0 };

    static bool Within(TensorPiece piece, OwnCopy copy, PublishedModel published) =>
        copy.First == 0 && Transformer.Of(published.Config).Specs[copy.Of].Type.Shape[^1] == copy.Count
        || (piece.To.Offset >= copy.First && piece.To.End <= copy.First + copy.Count);
}
