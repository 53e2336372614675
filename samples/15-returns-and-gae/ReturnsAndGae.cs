using System.Text;
using Functional.Base;
using Functional.Learning;

namespace Functional.Samples;

/// <summary>Lesson 15: returns and advantages on a table. What a token was worth is what came after it, less what was to be expected anyway.</summary>
public static class ReturnsAndGae
{
    static readonly Vec<double> rewards = [0, 0, 1], values = [0.5, 0.6, 0.7];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Returns and advantages on a table
            =================================
            An answer of three tokens is judged at its end: the reward is 1. Before each token a critic said what it expected.

            1. A critic errs at every token by  δ_t = r_t + γ V_t+1 - V_t.  An advantage adds up the errors from its token on, each later
               one counting λ times less:  A_t = δ_t + γλ A_t+1  (Schulman et al. 2016). What the critic should have said is the
               return,  R_t = A_t + V_t.  With γ = 1 and λ = 0.95, from the last token back:

                  token  reward  expected      δ  advantage  return

            """);
        var estimates = Of(0.95);
        for (var t = 0; t < 3; t++)
            text.Append(FormattableString.Invariant($"      {t + 1}      {rewards[t]:0}       {values[t]:0.0}    {rewards[t] + (t < 2 ? values[t + 1] : 0) - values[t]:0.00}    {estimates.Advantages[t]:0.00000}  {estimates.Returns[t]:0.0000}  "))
                .Append(new string('█', (int)Math.Round(40 * estimates.Advantages[t]))).Append('\n');
        text.Append("""

            2. λ decides whom to trust. At 0 only the next value counts, and a wrong critic is believed; at 1 only what came, and all the
               luck of the rest of the answer counts as the token's own. The first token's advantage:


            """);
        foreach (var lambda in (double[])[0, 0.5, 0.9, 0.95, 1])
            text.Append(FormattableString.Invariant($"      λ = {lambda,-5:0.0#} {Of(lambda).Advantages[0]:0.0000}  ")).Append(new string('█', (int)Math.Round(60 * Of(lambda).Advantages[0]))).Append('\n');
        text.Append("""

               The law: with λ = 1 advantages are returns less values, whatever the critic said; with γ = 1 as well, returns are the sum of
               the rewards still to come.

            Exercise: with λ = 0, what are the three advantages?

            """);
        return text.ToString();
    }

    /// <summary>Advantages and returns at a λ.</summary>
    public static Estimates Of(double lambda) => Advantages.Gae(rewards, values, [true, true, true], 1, lambda);
}
