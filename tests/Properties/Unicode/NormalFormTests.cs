namespace Functional.Tests.Properties.Unicode;

public sealed class NormalFormTests
{
    // From The Unicode Standard, Annex #15, its tables and figures.
    [Theory]
    [InlineData("\u00C5", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\u1E0B\u0323", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307")]
    [InlineData("\uAC01", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u0344", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301")]
    [InlineData("\uFDFA", "\uFDFA", "\uFDFA", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645",
        "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("a\u0315\u0300\u05AEb", "\u00E0\u05AE\u0315b", "a\u05AE\u0300\u0315b", "\u00E0\u05AE\u0315b", "a\u05AE\u0300\u0315b")]
    public void Known_texts_have_their_forms(string text, string c, string d, string kc, string kd) => Assert.Equal((c, d, kc, kd),
        (NormalForm.Of(text, false, true), NormalForm.Of(text, false, false), NormalForm.Of(text, true, true), NormalForm.Of(text, true, false)));

    static string Marked(int[] numbers) => string.Concat(numbers.Select(static n => Math.Abs(n % 20) is var k && k < 12
        ? new[] { "e", "\u0301", "\u0323", "\u0307", "\u212B", "\uAC00", "\u11A8", "\u1100", "\u1161", "A", "\u030A", "\u05AE" }[k] : Text.Texts.Of([n])));

    [Property]
    public bool A_form_is_in_its_form(int[] numbers, bool compatible, bool composes) =>
        NormalForm.Of(Marked(numbers), compatible, composes) is var once && NormalForm.Of(once, compatible, composes) == once;

    [Property]
    public bool Forms_of_equal_texts_are_equal(int[] numbers, bool compatible, bool composes) =>
        NormalForm.Of(NormalForm.Of(Marked(numbers), false, false), compatible, composes) == NormalForm.Of(Marked(numbers), compatible, composes);

    [Property]
    public bool Where_a_character_begins_anew_the_text_may_be_cut(int[] numbers, bool compatible, bool composes)
    {
        var text = Marked(numbers);
        for (var at = 1; at < text.Length; at++)
        {
            if (char.IsLowSurrogate(text[at]) || !NormalForm.BeginsAnew(System.Text.Rune.GetRuneAt(text, at).Value)) continue;
            if (NormalForm.Of(text[..at], compatible, composes) + NormalForm.Of(text[at..], compatible, composes) != NormalForm.Of(text, compatible, composes)) return false;
        }
        return true;
    }
}
